import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImageName } from './busybox-image.ts';
import { whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of bad input are skipped: ${reason}`);

const pod = (name: string, container: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: busyboxImageName, ...container }] },
});

describe.skipIf(reason !== undefined)('bad input', () => {
  let cluster: SkiffCluster;

  beforeAll(async () => {
    cluster = await SkiffCluster.create('input');
    await cluster.up();
  });

  afterAll(async () => {
    await cluster?.remove();
  });

  const waitingReason = (name: string) =>
    cluster.kubectl(['get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}']);

  it.each([
    ['not there', { image: 'localhost:1/no/such:image' }, /^(ErrImagePull|ImagePullBackOff)$/, 'Failed to pull image'],
    ['no name of an image', { image: 'UPPER CASE' }, /^InvalidImageName$/, 'Failed to apply default image tag'],
    [
      'not to be pulled',
      { image: 'localhost:1/other:image', imagePullPolicy: 'Never' },
      /^ErrImageNeverPull$/,
      'is not present with pull policy of Never',
    ],
  ] as const)('an image that is %s', async (what, container, state, event) => {
    const name = what.replaceAll(' ', '-');
    await cluster.apply(pod(name, container));
    await eventually(async () => expect(await waitingReason(name)).toMatch(state));
    await eventually(async () => expect(await cluster.kubectl(['events', '--for', `pod/${name}`])).toContain(event));
    expect(await cluster.kubectl(['get', 'pod', name, '-o', 'jsonpath={.status.phase}'])).toBe('Pending');
    await cluster.kubectl(['delete', 'pod', name, '--timeout=30s']);
  });

  it.each([
    ['a program that is not there', { command: ['/no/such/program'] }, /^(RunContainerError|CrashLoopBackOff)$/],
    ['a program that fails', { command: ['false'] }, /^CrashLoopBackOff$/],
    [
      'a config map that is not there',
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'a' } } }] },
      /^CreateContainerConfigError$/,
    ],
  ] as const)('%s', async (what, container, state) => {
    const name = what.replaceAll(' ', '-');
    await cluster.apply(pod(name, container));
    await eventually(async () => expect(await waitingReason(name)).toMatch(state));
    await cluster.kubectl(['delete', 'pod', name, '--timeout=30s']);
  });

  it('starts a container when what it waited for is there', async () => {
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'late', key: 'a' } } }];
    await cluster.apply(pod('waits', { command: ['sleep', '1000'], env }));
    await eventually(async () => expect(await waitingReason('waits')).toBe('CreateContainerConfigError'));
    await cluster.kubectl(['create', 'configmap', 'late', '--from-literal=a=b']);
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/waits', '--timeout=120s']);
    await cluster.kubectl(['delete', 'pod', 'waits', '--timeout=30s']);
  });

  it.each([
    ['words', 'these are words', /invalid object to validate|cannot unmarshal/],
    ['broken YAML', 'a: [1, 2', /error converting YAML to JSON|error parsing STDIN/],
    ['no kind', 'apiVersion: v1', /Object 'Kind' is missing|kind not set|apiVersion not set/],
    [
      'an unknown kind',
      '{"apiVersion":"v1","kind":"Nothing","metadata":{"name":"x"}}',
      /no matches for kind "Nothing"/,
    ],
    [
      'an unknown group',
      '{"apiVersion":"a.b/v1","kind":"X","metadata":{"name":"x"}}',
      /no matches for kind "X" in version "a.b\/v1"/,
    ],
    [
      'a field of the wrong type',
      JSON.stringify({ ...pod('x', {}), spec: { containers: 'no' } }),
      /cannot unmarshal string into Go struct field .*containers|strict decoding/,
    ],
    [
      'an unknown field',
      JSON.stringify({ ...pod('x', {}), spec: { ...pod('x', {}).spec, contaners: [] } }),
      /strict decoding error: unknown field "spec.contaners"/,
    ],
    ['no containers', JSON.stringify({ ...pod('x', {}), spec: {} }), /spec.containers: Required value/],
    ['a bad name', JSON.stringify(pod('Not_A_Name', {})), /metadata.name: Invalid value: "Not_A_Name"/],
    [
      'a namespace that is not there',
      JSON.stringify({ ...pod('x', {}), metadata: { name: 'x', namespace: 'none' } }),
      /namespaces "none" not found/,
    ],
    [
      'a port out of range',
      JSON.stringify(pod('x', { ports: [{ containerPort: 70000 }] })),
      /containerPort: Invalid value: 70000: must be between 1 and 65535/,
    ],
    [
      'a selector that does not match its template',
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'x', namespace: 'default' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'c' } }, spec: pod('x', {}).spec },
        },
      }),
      /`selector` does not match template `labels`/,
    ],
  ])('a manifest with %s', async (_, manifest, message) => {
    const result = await cluster.tryKubectl(['apply', '-f', '-'], manifest);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(1);
    expect((await cluster.tryKubectl(['get', 'pod', 'x'])).stderr).toContain('pods "x" not found');
  });
});
