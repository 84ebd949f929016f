import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { container } from '../pods/fixtures.ts';
import { probeHttp, probeTcp, resolvePort } from './handlers.ts';

const c = container('a', { ports: [{ name: 'web', containerPort: 8080, protocol: 'TCP' }] });
let server: Server;
let port: number;
let headers: NodeJS.Dict<string | string[]> = {};

beforeAll(async () => {
  server = createServer((request, response) => {
    headers = request.headers;
    const [, what = '', to = ''] = /^\/(\d+|hang)?(?:\?to=(.*))?/.exec(request.url ?? '') ?? [];
    if (what === 'hang') return;
    response.writeHead(Number(what || 200), to ? { location: decodeURIComponent(to) } : {});
    response.end('body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('HTTP', () => {
  const get = (path: string, timeout = 10_000) => probeHttp({ path, port }, '127.0.0.1', c, timeout);
  it.each([
    ['/200', 'success', 'body'],
    ['/399', 'success', 'body'],
    ['/404', 'failure', 'HTTP probe failed with statuscode: 404'],
    ['/302?to=/200', 'success', 'body'],
    ['/302?to=/500', 'failure', 'HTTP probe failed with statuscode: 500'],
    ['/302?to=http%3A%2F%2Felsewhere.invalid%2F', 'warning', 'Probe terminated redirects, Response body: body'],
    ['200', 'success', 'body'],
  ])('GET %s: %s', async (path, result, message) => expect(await get(path)).toEqual({ result, message }));

  it('says who asks', async () => {
    await get('/');
    expect(headers['user-agent']).toBe('kube-probe/1.36');
  });

  it('gives up in time', async () => {
    const { result, message } = await get('/hang', 50);
    expect(result).toBe('failure');
    expect(message).toContain('context deadline exceeded (Client.Timeout exceeded while awaiting headers)');
  });

  it('goes round in circles only so often', async () => {
    const path = `/302?to=${encodeURIComponent('/302?to=x')}`;
    expect((await get(path)).result).not.toBe('unknown');
  });
});

describe('TCP', () => {
  it('is refused where nobody listens', async () => {
    const unused = createTcpServer();
    await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
    const free = (unused.address() as AddressInfo).port;
    await new Promise((resolve) => unused.close(resolve));
    expect(await probeTcp({ port: free }, '127.0.0.1', c, 1000)).toEqual({
      result: 'failure',
      message: `dial tcp 127.0.0.1:${free}: connect: connection refused`,
    });
    expect((await probeTcp({ port }, '127.0.0.1', c, 1000)).result).toBe('success');
  });
});

it('finds ports by number and name', () => {
  expect(resolvePort(80, c)).toBe(80);
  expect(resolvePort('web', c)).toBe(8080);
  expect(resolvePort('81', c)).toBe(81);
  const message = 'couldn\'t find port: "nope" in container: "a"';
  expect(resolvePort('nope', c)).toEqual({ result: 'unknown', message });
});
