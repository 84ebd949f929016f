import { expect, test } from 'vitest';
import { turns } from '../../utils/turns.ts';
import type { StoredList } from '../core.ts';
import { blockOf, frame } from './framed.ts';
import { type Answer, ask, TestServer } from './test-server.ts';

test('bytes in frames are the same bytes', async () => {
  const parts = [0, 1, 16_384, 300_000, 2, 40_000].map((length, i) => Buffer.alloc(length, i + 1));
  const framed = await frame(parts);
  expect(Buffer.concat(framed).equals(Buffer.concat(parts))).toBe(true);
  const blocks = framed.map(blockOf).filter((block) => block !== undefined);
  expect(blocks.map(({ payload }) => payload)).toEqual([262_144, 94_243]);
  expect(blocks.map(({ frames }) => frames)).toEqual([16, 6]);
});

test('a list asked for again and again arrives whole, whatever windows its readers have', {
  timeout: 30_000,
}, async () => {
  const server = await TestServer.start();
  try {
    for (let i = 0; i < 300; i++) {
      const body = {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: `c-${i}` },
        data: { a: String(i).repeat(3000) },
      };
      await server.http1('POST', '/api/v1/namespaces/ns/configmaps', {}, JSON.stringify(body));
    }
    // As a cache answers while nothing changes.
    const { list } = server.core;
    let same: StoredList | undefined;
    server.core.list = async (...rest) => {
      same ??= await list(...rest);
      return same;
    };
    const path = '/api/v1/configmaps';
    const first = (await server.http2('GET', path)).body;
    expect(first.length).toBeGreaterThan(2 ** 20);
    const before = turns.given;
    expect((await server.http2('GET', path)).body.equals(first)).toBe(true);
    await expect.poll(() => turns.given - before).toBe(Math.ceil((first.length - 90) / 262_144));
    const windows = [2 ** 24, 2 ** 24, 65_535, 100_001, 300_000];
    const answers = windows.map(async (initialWindowSize): Promise<readonly Answer[]> => {
      const session = server.session({ initialWindowSize });
      await new Promise((resolve) => session.once('connect', resolve));
      if (initialWindowSize > 100_001) session.setLocalWindowSize(2 ** 25);
      return Promise.all([ask(session, 'GET', path), ask(session, 'GET', path), ask(session, 'GET', path)]);
    });
    for (const { body } of (await Promise.all(answers)).flat()) expect(body.equals(first)).toBe(true);
    expect((await server.http1('GET', path)).body.equals(first)).toBe(true);
  } finally {
    await server.stop();
  }
});
