import type { ChildProcess } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectlProgram, whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';

// The network namespace needs what containers need.
const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of explanations are skipped: ${reason}`);

const program = new URL('../../skiff', import.meta.url).pathname;

/** What kubectl is refused, `skiff explain denied` explains; what it proposes is done, and kubectl is let through. */
describe.skipIf(reason !== undefined)('skiff explain denied', () => {
  let cluster: SkiffCluster;
  let server: ChildProcess | undefined;
  const kubectl = (line: string) => cluster.kubectl(line.split(' '));
  const refused = async (line: string, input?: object) => {
    const result = await cluster.tryKubectl(line.split(' '), input && JSON.stringify(input));
    expect(result.code).not.toBe(0);
  };
  const explained = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.skiff('explain', 'denied', ...args);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };
  const follow = async (text: string) => {
    for (const [line] of text.matchAll(/^ +kubectl .*$/gm)) {
      const command = line.trim().replace(/^kubectl/, kubectlProgram);
      const result = await cluster.namespace.run('/bin/sh', ['-c', command], { env: cluster.env });
      if (result.code !== 0) throw new Error(`${line}: ${result.stderr}`);
    }
  };

  beforeAll(async () => {
    cluster = await SkiffCluster.create('explain');
    cluster.env.KUBECONFIG = join(cluster.dataDir, 'admin.kubeconfig');
    const tokens = join(cluster.home, 'tokens.csv');
    writeFileSync(tokens, 'jane-token,jane,2\n');
    chmodSync(tokens, 0o600);
    const { dataDir, namespace, env } = cluster;
    const flags = ['--data-dir', dataDir, '--advertise-address', namespace.address, '--token-auth-file', tokens];
    server = namespace.spawn(program, ['server', ...flags], env);
    server.stdout?.resume();
    server.stderr?.resume();
    await eventually(() => kubectl('get --raw /readyz'), { withinMs: 60_000 });
    await kubectl('create namespace team');
  });

  afterAll(async () => {
    if (server && server.exitCode === null) {
      const ended = new Promise((resolve) => server?.once('close', resolve));
      server.kill();
      await ended;
    }
    await cluster?.remove();
  });

  it.each([
    'get pods --namespace=team --as=jane',
    'get deployments.apps web --namespace=team --as=jane --ignore-not-found',
    'get --raw /metrics --as=jane',
    'get nodes --as=system:serviceaccount:team:robot',
  ])('of rights: kubectl %s', async (line) => {
    await refused(line);
    const text = await explained();
    expect(text).toContain('The authorizer said no');
    await follow(text);
    await eventually(() => kubectl(line), { withinMs: 10_000 });
  });

  it('of leave to act as somebody', async () => {
    // Credentials of the kubeconfig would be taken before the token.
    const url = `https://127.0.0.1:6443`;
    const line = `--kubeconfig=/dev/null --server=${url} --insecure-skip-tls-verify --token=jane-token auth whoami --as=carl`;
    await refused(line);
    const text = await explained('--user', 'jane');
    expect(text).toContain('Asked was for leave to act as carl.');
    await follow(text);
    await eventually(() => kubectl(line), { withinMs: 10_000 });
  });

  it('of credentials', async () => {
    await refused(
      '--kubeconfig=/dev/null --server=https://127.0.0.1:6443 --insecure-skip-tls-verify --token=x get pods',
    );
    expect(await explained()).toContain(
      'No authenticator took the credentials: no authenticator knows the bearer token.',
    );
  });

  it('of quotas', async () => {
    await kubectl('create quota few --namespace=team --hard=count/secrets=0');
    await eventually(async () => {
      await refused('create secret generic one --namespace=team');
      expect(await explained()).toContain('count/secrets: 0 left of 0 (0 in use), 1 asked for');
    });
    await follow(await explained());
    await eventually(() => kubectl('create secret generic one --namespace=team'), { withinMs: 10_000 });
  });

  it('of pod security', async () => {
    await kubectl('label namespace team pod-security.kubernetes.io/enforce=restricted');
    await refused('run web --image=web --namespace=team --dry-run=server');
    const text = await explained();
    expect(text).toContain('runAsNonRoot=true');
    await follow(text);
    await kubectl('run web --image=web --namespace=team --dry-run=server');
  });

  it('of policies', async () => {
    const of = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'few-replicas' } };
    const expression = 'object.spec.replicas <= 5';
    const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };
    await cluster.apply({
      ...of,
      kind: 'ValidatingAdmissionPolicy',
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression, message: 'five are enough' }] },
    });
    await cluster.apply({
      ...of,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: 'few-replicas', validationActions: ['Deny'] },
    });
    const line = 'create deployment web --image=web --replicas=6 --namespace=team --dry-run=server';
    await eventually(() => refused(line), { withinMs: 10_000 });
    const text = await explained();
    expect(text).toContain('ValidatingAdmissionPolicy few-replicas (bound by few-replicas) said no: five are enough');
    expect(text).toContain(expression);
  });
});
