import { appendFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TokenRequest } from '../../api/authentication/v1.gen.ts';
import { type ContainerStatus, type Pod, serviceaccounts } from '../../api/core/v1.gen.ts';
import { clusterrolebindings, clusterroles } from '../../api/rbac/v1.gen.ts';
import { type TestKubelet, testKubelet } from '../../testing/test-kubelet.ts';
import { logTime } from './log-reader.ts';

let kubelet: TestKubelet;
beforeEach(async () => {
  kubelet = await testKubelet();
});
afterEach(() => kubelet[Symbol.asyncDispose]());

interface Options {
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  readonly token?: string;
  readonly method?: string;
}

function open(path: string, options: Options = {}): Promise<IncomingMessage> {
  const certificate = 'certificate' in options ? options.certificate : kubelet.client;
  return new Promise((resolve, reject) => {
    request(
      {
        port: kubelet.port,
        host: '127.0.0.1',
        path,
        method: options.method ?? 'GET',
        agent: false,
        ca: kubelet.ca,
        ...certificate,
        headers: options.token ? { authorization: `Bearer ${options.token}` } : {},
      },
      resolve,
    )
      .on('error', reject)
      .end();
  });
}

async function get(path: string, options: Options = {}): Promise<string> {
  const response = await open(path, options);
  let body = '';
  for await (const chunk of response) body += chunk;
  return `${response.statusCode} ${body}`;
}

describe('who may', () => {
  it('the API server by its certificate', async () => {
    expect(await get('/healthz')).toBe('200 ok');
  });

  it.each<[string, () => Options, string]>([
    ['nobody without a name', () => ({ certificate: undefined }), '401 Unauthorized'],
    [
      'nobody with a token that the cluster does not know',
      () => ({ certificate: undefined, token: 'x' }),
      '401 Unauthorized',
    ],
    [
      'nobody whom the cluster does not allow it',
      () => ({ certificate: kubelet.certificate({ commonName: 'jane', organizations: ['a', 'b'] }) }),
      '403 Forbidden (user=jane, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
    ],
    [
      'members of system:masters among other groups',
      () => ({ certificate: kubelet.certificate({ commonName: 'root', organizations: ['a', 'system:masters'] }) }),
      '200 {"kind":"PodList"',
    ],
  ])('%s', async (_, options, expected) => {
    expect((await get('/pods', options())).slice(0, expected.length)).toBe(expected);
  });

  it('nobody whose request has no path that can be read, which is answered all the same', async () => {
    for (const path of ['//', '//[', 'http://:x/'])
      expect(await get(path, { certificate: undefined })).toBe('400 Bad Request');
  });

  it('whoever the cluster allows it, by certificate or token', async () => {
    await kubelet.api.resource(serviceaccounts).create('kube-system', { metadata: { name: 'metrics' } });
    const { status } = await kubelet.api
      .resource(serviceaccounts)
      .createSubresource<object, TokenRequest>('kube-system', 'metrics', 'token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 3600 },
      });
    const options = { certificate: undefined, token: status.token };
    await kubelet.api.resource(clusterroles).create('', {
      metadata: { name: 'stats' },
      rules: [{ apiGroups: [''], resources: ['nodes/stats'], verbs: ['get'] }],
    });
    await kubelet.api.resource(clusterrolebindings).create('', {
      metadata: { name: 'stats' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'stats' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: 'metrics' }],
    });
    expect((await get('/stats/summary', options)).slice(0, 4)).toBe('200 ');
    expect(await get('/metrics/resource', options)).toMatch(
      /^403 Forbidden \(user=system:serviceaccount:kube-system:metrics, verb=get, /,
    );
  });
});

describe('logs', () => {
  const log = '2026-01-02T03:04:05.5Z stdout F hello\n';
  const path = '/containerLogs/default/web/main';
  const withStatus = (status: Partial<ContainerStatus>): Pod => {
    const { pod } = kubelet;
    const [old] = pod.status.containerStatuses ?? [];
    if (!old) throw new Error('no container');
    return { ...pod, status: { ...pod.status, containerStatuses: [{ ...old, ...status }] } };
  };

  it('are the running container’s', async () => {
    await writeFile(`${kubelet.logDir}/main.log`, log);
    expect(await get(path)).toBe('200 hello\n');
    expect(await get(`${path}?timestamps=true&tailLines=1`)).toBe('200 2026-01-02T03:04:05.5Z hello\n');
  });

  it('follow until the container ends', async () => {
    await writeFile(`${kubelet.logDir}/main.log`, log);
    const response = await open(`${path}?follow=true`);
    let body = '';
    response.on('data', (chunk) => {
      body += chunk;
    });
    const ended = new Promise((resolve) => response.on('end', resolve));
    await appendFile(`${kubelet.logDir}/main.log`, log.replace('hello', 'again'));
    while (body !== 'hello\nagain\n') await new Promise((resolve) => setImmediate(resolve));
    const ref = kubelet.containers.get('main');
    if (ref) kubelet.containers.set('main', { ...ref, state: 'CONTAINER_EXITED' });
    kubelet.changed();
    await ended;
    expect(kubelet.listeners.size).toBe(0);
  });

  it('are let go of when the client goes', async () => {
    await writeFile(`${kubelet.logDir}/main.log`, log);
    const response = await open(`${path}?follow=true`);
    while (kubelet.listeners.size === 0) await new Promise((resolve) => setImmediate(resolve));
    response.destroy();
    while (kubelet.listeners.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('of the container before, by its id', async () => {
    const previous = { id: 'c0', state: 'CONTAINER_EXITED', restartCount: 0, tty: false, stdin: false } as const;
    kubelet.containers.set('main-previous', { ...previous, logPath: `${kubelet.logDir}/old.log` });
    await writeFile(`${kubelet.logDir}/old.log`, log.replace('hello', 'old'));
    const terminated = { exitCode: 1, containerID: 'containerd://c0' };
    kubelet.pod = withStatus({ lastState: { terminated } });
    expect(await get(`${path}?previous=true`)).toBe('200 old\n');
    // While it waits to be started again, the log is that of its last run.
    kubelet.pod = withStatus({ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } });
    expect(await get(path)).toBe('200 old\n');
  });

  it.each<[string, Partial<ContainerStatus>, string, string]>([
    [
      'the container before, if there was none',
      {},
      '?previous=true',
      '400 previous terminated container "main" in pod "web" not found',
    ],
    [
      'a container that is being made',
      { state: { waiting: { reason: 'ContainerCreating' } } },
      '',
      '400 container "main" in pod "web" is waiting to start: ContainerCreating',
    ],
    [
      'a container without its image',
      { state: { waiting: { reason: 'ImagePullBackOff' } } },
      '',
      '400 container "main" in pod "web" is waiting to start: trying and failing to pull image',
    ],
    [
      'a container that the runtime has no more',
      { state: { terminated: { exitCode: 0, containerID: 'containerd://gone' } } },
      '',
      '400 unable to retrieve container logs for containerd://gone',
    ],
    ['no number', {}, '?tailLines=x', '400 {"message": "Unable to decode query."}'],
    ['no bytes', {}, '?limitBytes=0', '422 {"message": "Invalid request."}'],
  ])('not of %s', async (_, status, query, expected) => {
    kubelet.pod = withStatus(status);
    expect(await get(`${path}${query}`)).toBe(expected);
  });

  it('not of what is not there', async () => {
    expect(await get('/containerLogs/default/web/other')).toBe('404 container "other" not found in pod "web"\n');
    expect(await get('/containerLogs/default/other/main')).toBe('404 pod "other" does not exist\n');
    expect((await get(path)).slice(0, 10)).toBe('400 failed');
  });
});

describe('the rest', () => {
  it('lists pods, runs commands, and knows nothing else', async () => {
    expect(JSON.parse((await get('/pods')).slice(4)).items[0].metadata.name).toBe('web');
    expect(await get('/run/default/web/main?cmd=echo%20hi', { method: 'POST' })).toBe('200 outerr');
    expect(kubelet.asked).toEqual([{ method: 'execSync', request: { containerId: 'c1', cmd: ['echo', 'hi'] } }]);
    expect(await get('/run/default/web/main?cmd=ls')).toBe('404 404 page not found\n');
    expect(await get('/logs/')).toBe('404 404 page not found\n');
    expect((await get('/pods/%zz')).slice(0, 3)).toBe('400');
  });

  it('measures', async () => {
    const metrics = await get('/metrics/resource');
    expect(metrics).toContain(
      'container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 2.5 1767225600000\n',
    );
    expect(metrics).toContain('pod_memory_working_set_bytes{namespace="default",pod="web"} 1048576 1767225600000\n');
    const summary = JSON.parse((await get('/stats/summary')).slice(4));
    expect(summary.node.nodeName).toBe('node-1');
    expect(summary.pods[0]).toMatchObject({
      podRef: { name: 'web', namespace: 'default', uid: 'uid-1' },
      containers: [{ name: 'main', memory: { workingSetBytes: 1048576 } }],
      cpu: { usageCoreNanoSeconds: 2500000000 },
    });
    expect(await get('/metrics')).toContain('kubelet_running_pods 1\n');
  });

  it('compares times as texts', () => {
    expect(logTime('2026-01-02T03:04:05Z')).toBe('2026-01-02T03:04:05.000000000Z');
    expect(logTime('2026-01-02T05:04:05.123+02:00')).toBe('2026-01-02T03:04:05.123000000Z');
  });
});
