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
