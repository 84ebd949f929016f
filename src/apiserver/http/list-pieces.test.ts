import { expect, test } from 'vitest';
import { turns } from '../../utils/turns.ts';
import { type LongDocument, pieces } from './list-pieces.ts';
import { plainJson, prettier, type Representation } from './negotiate.ts';
import { TestServer } from './test-server.ts';
import { yamlText } from './yaml-text.ts';

const yaml: Representation = { ...plainJson, mediaType: 'application/yaml' };

const document = (length: number): LongDocument => ({
  fields: [
    ['kind', '"List"'],
    ['apiVersion', '"v1"'],
    ['metadata', '{"resourceVersion":"7"}'],
  ],
  array: 'items',
  length,
  item: (i) =>
    JSON.stringify({ metadata: { name: `object-${i}`, labels: {} }, data: { text: 'x'.repeat(1000), list: [i] } }),
});

test.each([0, 1, 500])('%i items, piece by piece, are the document in one piece', (length) => {
  const long = document(length);
  const whole = {
    ...Object.fromEntries(long.fields.map(([name, value]) => [name, JSON.parse(value)])),
    items: Array.from({ length }, (_, i) => JSON.parse(long.item(i))),
  };
  const text = (rep: Representation) => Buffer.concat([...pieces(long, rep)]).toString();
  expect(text(plainJson)).toBe(`${JSON.stringify(whole)}\n`);
  expect(text(prettier(plainJson))).toBe(JSON.stringify(whole, null, 2));
  expect(text(yaml)).toBe(yamlText(whole));
});

test('nothing is made before somebody asks for it', () => {
  let made = 0;
  const long = document(1000);
  const count = (i: number) => {
    made++;
    return long.item(i);
  };
  const all = pieces({ ...long, item: (i) => count(i) }, yaml);
  expect(all.next().value?.length).toBeLessThan(80_000);
  expect(made).toBeLessThan(80);
  all.next();
  expect(made).toBeLessThan(160);
});

test.each(['application/yaml', 'application/json;as=Table;g=meta.k8s.io;v=v1', 'application/vnd.kubernetes.protobuf'])(
  'a list as %s leaves others their turn',
  async (accept) => {
    const server = await TestServer.start();
    try {
      for (let i = 0; i < 100; i++) {
        const body = {
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { name: `c-${i}`, annotations: { note: 'n'.repeat(4000) } },
          data: { a: 'x'.repeat(4000) },
        };
        await server.http1('POST', '/api/v1/namespaces/ns/configmaps', {}, JSON.stringify(body));
      }
      const before = turns.given;
      const { status, body } = await server.http2('GET', '/api/v1/configmaps', { accept });
      expect(status).toBe(200);
      expect(body.length).toBeGreaterThan(400_000);
      expect(turns.given - before).toBeGreaterThanOrEqual(Math.floor(body.length / (80 * 1024)));
    } finally {
      await server.stop();
    }
  },
);
