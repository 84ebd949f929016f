import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { admin, TestServer } from './test-server.ts';

let clock: FakeClock;
let server: TestServer;
const path = '/api/v1/namespaces/ns/configmaps/a';

beforeEach(async () => {
  clock = new FakeClock();
  server = await TestServer.start({
    clock,
    limits: { requestsInFlight: 2, mutatingRequestsInFlight: 1, shutdownMs: 100 },
    authenticate: ({ headers }) =>
      headers['user-agent'] === 'admin' ? admin : { name: 'someone', groups: ['system:authenticated'] },
  });
  asked = 0;
  // Nothing is answered before its time.
  const never = () => {
    asked++;
    return new Promise<never>((_, reject) => stuck.push(() => reject(new Error('too late'))));
  };
  server.core.get = never;
  server.core.delete = never;
});
afterEach(() => server.stop());

let asked = 0;
const stuck: (() => void)[] = [];
const underWay = (count: number) => expect.poll(() => asked).toBe(count);

test('more requests than there are places for are refused, readers and writers apart', async () => {
  const held = [server.http2('GET', path), server.http2('GET', path), server.http2('DELETE', path)];
  await underWay(3);
  for (const method of ['GET', 'DELETE']) {
    const refused = await server.http2(method, path);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.body.toString()).toBe('Too many requests, please try again later.\n');
  }
  // Administrators and what runs long are not counted.
  held.push(server.http2('GET', path, { 'user-agent': 'admin' }));
  await underWay(4);
  const session = server.session();
  const watching = session.request({ ':path': '/api/v1/watch/configmaps' });
  watching.on('error', () => {});
  const status = await new Promise((resolve) => watching.on('response', (headers) => resolve(headers[':status'])));
  expect(status).toBe(200);
  watching.close();
  // A place is free again when its answer is complete and nobody works at it any more.
  await clock.advance(60_000);
  expect((await Promise.all(held)).map((answer) => answer.status)).toEqual([504, 504, 504, 504]);
  expect((await server.http2('GET', path)).status).toBe(429);
  for (const give of stuck.splice(0)) give();
  const next = server.http2('GET', path);
  await underWay(5);
  await clock.advance(60_000);
  expect((await next).status).toBe(504);
});

test('a request has a minute, or what it asks for', async () => {
  const usual = server.http2('GET', path);
  await underWay(1);
  const short = server.http1('GET', `${path}?timeout=2s`);
  await underWay(2);
  await clock.advance(2_000);
  const late = await short;
  expect(late.status).toBe(504);
  expect(late.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(late.body.toString()).toBe(
    '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
  );
  await clock.advance(58_000);
  expect((await usual).status).toBe(504);
  const wrong = await server.http2('GET', `${path}?timeout=soon`);
  expect(wrong.status).toBe(400);
  expect(JSON.parse(wrong.body.toString()).message).toBe(
    'invalid timeout specified in the request URL - time: invalid duration "soon"',
  );
});
