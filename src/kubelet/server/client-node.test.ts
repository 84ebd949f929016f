import { appendFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { Attach, Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pods, serviceaccounts } from '../../api/core/v1.gen.ts';
import { createConnector } from '../../apiserver/http/connect/connector.ts';
import { createHttpServer, type HttpServer } from '../../apiserver/http/server.ts';
import { type TestKubelet, testKubelet } from '../../testing/test-kubelet.ts';
import { silent } from '../../utils/log.ts';
import type { FakeSession } from './fake-runtime.ts';

/** The official client, through the real front of the API server, to the kubelet's server. */
let kubelet: TestKubelet;
let front: HttpServer;
let config: KubeConfig;

/** Commands say what they are asked, then copy; port 80 answers in capitals. */
function serve(session: FakeSession): void {
  session.onStream = (stream) => {
    if (stream.headers.streamtype === 'data') {
      stream.onData = (chunk) => stream.write(chunk.toString().toUpperCase());
    } else if (stream.headers.streamtype === 'stdin') {
      stream.onData = (chunk) => {
        session.stream('stdout').write(chunk);
        if (!chunk.toString().includes('end')) return;
        session.stream('error').write('{"metadata":{},"status":"Success"}');
        for (const one of session.streams) one.end();
      };
    }
  };
}

beforeEach(async () => {
  kubelet = await testKubelet(serve);
  const { ca, client, plane, port } = kubelet;
  await kubelet.api.resource(serviceaccounts).create('default', { metadata: { name: 'default' } });
  await kubelet.api.resource(pods).create('default', {
    metadata: { name: 'web' },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'busybox' }] },
  });
  const nodes = { kubeletFor: () => ({ host: '127.0.0.1', port, tls: { ca, ...client } }) };
  front = createHttpServer({
    core: plane.core,
    authenticate: () => ({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }),
    authorizer: plane.authorizer,
    tls: kubelet.serving,
    log: silent,
    connector: createConnector({ core: plane.core, authorizer: plane.authorizer, nodes }),
  });
  config = new KubeConfig();
  const server = `https://127.0.0.1:${await front.listen(0, '127.0.0.1')}`;
  config.loadFromClusterAndUser(
    { name: 'c', server, caData: Buffer.from(ca).toString('base64'), skipTLSVerify: false },
    { name: 'u', token: 'any' },
  );
});
afterEach(async () => {
  await front?.close();
  await kubelet[Symbol.asyncDispose]();
});

async function textOf(stream: PassThrough, expected: string): Promise<void> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    if (text.includes(expected)) return;
  }
  throw new Error(`only ${text}`);
}

it.each(['exec', 'attach'])('%s', async (verb) => {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const status = new Promise<V1Status>((resolve) => {
    if (verb === 'exec') {
      void new Exec(config).exec('default', 'web', 'main', ['cat'], stdout, null, stdin, false, resolve);
    } else {
      void new Attach(config).attach('default', 'web', 'main', stdout, null, stdin, false);
    }
  });
  stdin.write('hello and the end');
  await textOf(stdout, 'hello and the end');
  if (verb === 'exec') expect(await status).toMatchObject({ status: 'Success' });
  expect(kubelet.asked[0]).toMatchObject({ method: verb, request: { containerId: 'c1', stdin: true, stderr: false } });
});

it('port-forward', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const socket = await new PortForward(config).portForward('default', 'web', [80], output, null, input);
  input.write('hello');
  await textOf(output, 'HELLO');
  if ('close' in socket) socket.close();
});

it('log', async () => {
  await appendFile(`${kubelet.logDir}/main.log`, '2026-01-02T03:04:05.5Z stdout F hello\n');
  const output = new PassThrough();
  await new Log(config).log('default', 'web', 'main', output, { follow: true });
  await textOf(output, 'hello\n');
  // The container ends, and so does its log.
  const ref = kubelet.containers.get('main');
  if (ref) kubelet.containers.set('main', { ...ref, state: 'CONTAINER_EXITED' });
  kubelet.changed();
  while (kubelet.listeners.size > 0) await new Promise((resolve) => setImmediate(resolve));
});
