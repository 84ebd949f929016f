import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestServer, testCertificate } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ limits: { headersTimeoutMs: 200 } });
});
afterAll(() => server.stop());

async function open(): Promise<{ socket: TLSSocket; until: (text: string | RegExp) => Promise<string> }> {
  const options = { host: '127.0.0.1', port: server.port, ca: testCertificate().cert, ALPNProtocols: ['http/1.1'] };
  const socket = connect(options);
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  let heard = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    heard += text;
  });
  const until = async (what: string | RegExp) => {
    while (!(typeof what === 'string' ? heard.includes(what) : what.test(heard))) {
      if (socket.destroyed) throw new Error(`closed after ${JSON.stringify(heard)}`);
      await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    }
    return heard;
  };
  return { socket, until };
}

const head = (method: string, path: string, ...more: string[]) =>
  `${[`${method} ${path} HTTP/1.1`, 'host: x', ...more].join('\r\n')}\r\n\r\n`;
const json = 'content-type: application/json';
const configMaps = '/api/v1/namespaces/default/configmaps';

test('an upgrade that does not wait for the answers before it comes after them', async () => {
  const { socket, until } = await open();
  const upgrade = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='];
  const watch = head('GET', `${configMaps}?watch=1`, ...upgrade, 'sec-websocket-version: 13');
  socket.write(head('GET', '/version') + head('GET', '/nope') + watch);
  const heard = await until('101 Switching Protocols');
  expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 101']);
  socket.destroy();
  expect((await server.http1('GET', '/version')).status).toBe(200);
});

test('who is answered before the body is sent may send all of it, and reads the answer', async () => {
  const { socket, until } = await open();
  socket.write(head('POST', '/nope', json, 'transfer-encoding: chunked'));
  // Nothing is read before all is written: more than the kernel keeps for either side.
  socket.pause();
  const chunk = `${(256 * 1024).toString(16)}\r\n${'x'.repeat(256 * 1024)}\r\n`;
  for (let n = 0; n < 64; n++) await new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
  socket.write('0\r\n\r\n');
  socket.resume();
  expect(await until('404 page not found')).toMatch(/^HTTP\/1.1 404 .*connection: close/is);
  socket.destroy();
});

test('a short body that nobody wants costs no connection', async () => {
  const { socket, until } = await open();
  socket.write(head('POST', '/nope', json, 'content-length: 4'));
  await until('404 page not found');
  socket.write(`null${head('GET', '/version')}`);
  expect(await until('"major"')).not.toMatch(/connection: close/i);
  socket.destroy();
});

test('leave to send a body is given when the body is wanted', async () => {
  const wanted = await open();
  wanted.socket.write(head('POST', configMaps, json, 'expect: 100-continue', 'content-length: 2'));
  expect(await wanted.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 100 Continue/);
  wanted.socket.destroy();
  const tooLarge = await open();
  tooLarge.socket.write(head('POST', configMaps, json, 'expect: 100-continue', 'content-length: 4000000'));
  expect(await tooLarge.until('RequestEntityTooLarge')).toMatch(/^HTTP\/1.1 413/);
  tooLarge.socket.destroy();
});

test('a target may be in absolute form; one that is no path is a bad request', async () => {
  const { socket, until } = await open();
  socket.write(head('GET', 'https://host/version') + head('GET', '/a'));
  expect(await until('"major"')).toMatch(/^HTTP\/1.1 200/);
  socket.destroy();
});

test('who does not say what it wants is not answered', async () => {
  const { socket } = await open();
  let heard = '';
  socket.on('data', (text: string) => {
    heard += text;
  });
  socket.write('GET /version HTTP/1.1\r\nhost:');
  await once(socket, 'close');
  expect(heard).toBe('');
});
