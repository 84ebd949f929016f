import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configmaps, namespaces } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { createHttpClient } from '../../client/http/http-client.ts';
import { parseKubeconfig } from '../../client/http/kubeconfig.ts';
import { realClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { ensureCertificates } from '../certificates.ts';
import { buildKubeconfig } from '../kubeconfig.ts';
import { ensureAssets } from './assets.ts';
import { startEtcdStandIn } from './etcd.ts';
import { parseApiServerFlags } from './flags.ts';
import { startTestApiServer } from './server.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-envtest-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    }),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const statusOf = (port: number, path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });

describe('startTestApiServer', () => {
  it('is what envtest expects: certificates of others, health for anybody, deletions that end', async () => {
    const certificates = ensureCertificates(join(dir, 'pki'), { hostnames: [], ips: [] });
    const file = (name: string, text: string) => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    file('apiserver.crt', certificates.serving.cert);
    file('apiserver.key', certificates.serving.key);
    const port = await freePort();
    const server = await startTestApiServer({
      flags: parseApiServerFlags([
        `--secure-port=${port}`,
        '--bind-address=127.0.0.1',
        `--cert-dir=${dir}`,
        `--client-ca-file=${file('client-ca.crt', certificates.ca.cert)}`,
        '--authorization-mode=RBAC',
        '--disable-admission-plugins=ServiceAccount',
        `--service-account-key-file=${file('sa.crt', certificates.frontProxyCa.cert)}`,
        `--service-account-signing-key-file=${file('sa.key', certificates.frontProxyCa.key)}`,
      ]),
      controllers: ['namespace-controller', 'garbage-collector-controller'],
      log: silent,
    });
    try {
      expect(await statusOf(port, '/healthz')).toBe(200);
      expect(await statusOf(port, '/api/v1/namespaces')).toBe(403);
      const kubeconfig = buildKubeconfig({
        name: 'test',
        server: `https://127.0.0.1:${port}`,
        certificateAuthority: certificates.ca.cert,
        credentials: { certificate: certificates.admin },
      });
      const client = createHttpClient({
        config: parseKubeconfig(kubeconfig, { directory: dir, source: 'the test' }),
        userAgent: 'test',
        clock: realClock,
      });
      await client.resource(namespaces).create('', { metadata: { name: 'full' } });
      await client.resource(configmaps).create('full', { metadata: { name: 'a' } });
      const gone = new Promise<void>((resolve) => {
        const watch = client.resource(namespaces).watch(
          '',
          { fieldSelector: 'metadata.name=full' },
          {
            event(type) {
              if (type !== 'DELETED') return;
              watch.stop();
              resolve();
            },
            end: () => {},
          },
        );
      });
      await client.resource(namespaces).delete('', 'full');
      await gone;
      await expect(client.resource(configmaps).get('full', 'a')).rejects.toSatisfy(isNotFound);
      await client.close();
    } finally {
      await server.stop();
    }
  });
});

describe('startEtcdStandIn', () => {
  it('says that it is well', async () => {
    const port = await freePort();
    const etcd = await startEtcdStandIn([`--listen-client-urls=http://127.0.0.1:${port}`, '--data-dir=/nowhere']);
    const answer = await fetch(`http://127.0.0.1:${port}/health`, { headers: { connection: 'close' } });
    expect(await answer.json()).toEqual({ health: 'true', reason: '' });
    await etcd.stop();
  });
});

describe('ensureAssets', () => {
  it('makes programs that can be run, and says where', () => {
    const options = { dir: join(dir, 'assets'), node: process.execPath, script: process.argv[1] ?? '', env: {} };
    const path = ensureAssets(options);
    expect(ensureAssets(options)).toBe(path);
    for (const program of ['kube-apiserver', 'etcd']) expect(statSync(join(path, program)).mode & 0o777).toBe(0o700);
  });
});
