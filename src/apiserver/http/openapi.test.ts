import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json, TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const ofOld = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

test.each([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  [ofOld, protobuf],
  [protobuf, protobuf],
  [`${ofOld},application/json;q=0.5`, protobuf],
  [`application/json;q=0.1, ${protobuf};q=0.9`, protobuf],
])('/openapi/v2 for %s is %s', async (accept, type) => {
  const answer = await server.http2('GET', '/openapi/v2', accept === undefined ? {} : { accept });
  expect([answer.status, answer.headers['content-type'], answer.headers.vary]).toEqual([200, type, 'Accept']);
  // Field 1, a string of three bytes: swagger is "2.0".
  if (type === protobuf) expect(answer.body.includes('\n\u00032.0')).toBe(true);
  else expect(json(answer)).toMatchObject({ swagger: '2.0' });
});

test('what /openapi cannot be had in is 406', async () => {
  for (const path of ['/openapi/v2', '/openapi/v3/api/v1']) {
    expect((await server.http2('GET', path, { accept: 'text/html' })).status).toBe(406);
  }
});

test('each form has an ETag of its own that saves the next answer', async () => {
  const first = await server.http2('GET', '/openapi/v2', { accept: ofOld });
  const plain = await server.http2('GET', '/openapi/v2');
  const etag = first.headers.etag ?? '';
  expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
  expect(plain.headers.etag).not.toBe(etag);
  for (const tags of [etag, `"other", ${etag}`, `W/${etag}`]) {
    const again = await server.http2('GET', '/openapi/v2', { accept: ofOld, 'if-none-match': tags });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  }
  const changed = await server.http2('GET', '/openapi/v2', { accept: ofOld, 'if-none-match': '"other"' });
  expect(changed.status).toBe(200);
});

test('protobuf comes compressed to whoever asks', async () => {
  const plain = await server.http2('GET', '/openapi/v2', { accept: ofOld });
  const packed = await server.http2('GET', '/openapi/v2', { accept: ofOld, 'accept-encoding': 'gzip' });
  expect([packed.headers['content-encoding'], packed.headers.vary]).toEqual(['gzip', 'Accept, Accept-Encoding']);
  expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
});

test('version 3 in protobuf has the tag of the JSON; a hash makes it last, a wrong one leads to the right one', async () => {
  const server = await TestServer.start();
  try {
    const path = '/openapi/v3/apis/apps/v1';
    const accept = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
    const plain = await server.http1('GET', path);
    const binary = await server.http1('GET', path, { accept });
    expect(binary.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v3.v1.0+protobuf');
    expect(binary.headers.etag).toBe(plain.headers.etag);
    // openapi.v3.Document: 1 is the version, 2 the info.
    expect(binary.body.subarray(0, 8).toString('latin1')).toBe('\x0a\x053.0.0\x12');
    const hash = plain.headers.etag?.slice(1, -1);
    const lasting = await server.http1('GET', `${path}?hash=${hash}`);
    expect(lasting.headers['cache-control']).toBe('public, immutable');
    expect(lasting.headers.expires).toMatch(/UTC$/);
    const wrong = await server.http1('GET', `${path}?hash=X`);
    expect([wrong.status, wrong.headers.location]).toEqual([301, `${path}?hash=${hash}`]);
    expect((await server.http1('GET', '/openapi/v3/apis/nope')).status).toBe(404);
    expect((await server.http1('GET', path, { accept: 'text/html' })).status).toBe(406);
  } finally {
    await server.stop();
  }
});
