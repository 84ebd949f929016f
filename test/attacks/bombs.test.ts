import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bearer, startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
  await target.done('POST', CONFIG_MAPS, { metadata: { name: 'there' }, data: { a: 'b' } });
});
afterAll(() => target[Symbol.asyncDispose]());
/** Whatever was sent: the server is there for others, and its objects are what they are in any JavaScript program. */
afterEach(async () => {
  expect((await target.done('GET', `${CONFIG_MAPS}/there`)).data).toEqual({ a: 'b' });
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const admin = bearer('admin-token');
const yaml = { ...admin, 'content-type': 'application/yaml' };

describe('YAML', () => {
  const laughs = (levels: number) => {
    let text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\nx0: &x0 "lol"\n';
    for (let i = 1; i <= levels; i++)
      text += `x${i}: &x${i} [${Array(9)
        .fill(`*x${i - 1}`)
        .join(', ')}]\n`;
    return text;
  };
  it.each<readonly [string, string]>([
    ['a billion laughs', laughs(9)],
    ['more of them than there are bytes', laughs(40)],
    ['an anchor in itself', 'a: &a [*a]\n'],
    ['merges of merges', `a: &a {x: 1}\n${Array.from({ length: 500 }, () => '<<: *a\n').join('')}`],
    ['brackets without end', '['.repeat(1_000_000)],
    ['braces without end', '{a: '.repeat(200_000)],
    ['dashes without end', '- '.repeat(500_000)],
    ['a code of another language', 'a: !!js/function "function() { globalThis.polluted = 1 }"\n'],
    ['an object of another language', 'a: !!python/object/apply:os.system ["true"]\n'],
    ['a name that objects have', '__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n'],
  ])('%s is refused', async (_what, body) => {
    const { status } = await target.bare('POST', CONFIG_MAPS, body, yaml);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });
});

describe('JSON', () => {
  const map = (more: string) => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"x-"},${more}}`;
  it.each<readonly [string, string, number]>([
    ['lists in lists', map(`"data":${'['.repeat(500_000)}`), 400],
    ['objects in objects', map(`"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`), 400],
    ['a number that is large', map(`"immutable":1${'0'.repeat(1_000_000)}`), 400],
    ['more than three megabytes', map(`"data":{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`), 413],
    ['one and a half megabytes in a map of one', map(`"data":{"a":"${'x'.repeat(1_500_000)}"}`), 422],
  ])('%s are refused', async (_what, body, status) => {
    expect((await target.bare('POST', CONFIG_MAPS, body, admin)).status).toBe(status);
  });

  it('a small body is not made a large one', async () => {
    const body = gzipSync(map(`"data":{"a":"${'x'.repeat(900_000)}"}`)).toString('latin1');
    const { status } = await target.bare('POST', CONFIG_MAPS, body, { ...admin, 'content-encoding': 'gzip' });
    expect(status).toBeGreaterThanOrEqual(400);
  });

  it('names that objects have are names like others', async () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];
    const text = names.map((name) => `"${name}":"1"`).join(',');
    const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"x-"},"data":{${text}}}`;
    const made = await target.bare('POST', CONFIG_MAPS, body, admin);
    expect(made.status).toBe(201);
    expect(Object.getOwnPropertyNames(made.body.data).sort()).toEqual([...names].sort());
    const patch = '{"data":{"__proto__":{"polluted":1}}}';
    const at = `${CONFIG_MAPS}/${made.body.metadata.name}`;
    for (const type of ['merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml']) {
      const headers = { ...admin, 'content-type': `application/${type}` };
      expect((await target.bare('PATCH', `${at}?fieldManager=m`, patch, headers)).status).toBeGreaterThanOrEqual(400);
    }
    const operations = [{ op: 'add', path: '/__proto__/polluted', value: 1 }];
    const headers = { ...admin, 'content-type': 'application/json-patch+json' };
    expect((await target.bare('PATCH', at, operations, headers)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('patches', () => {
  const headers = { ...admin, 'content-type': 'application/json-patch+json' };
  const path = `${CONFIG_MAPS}/there`;
  it('that double what is there again and again are cut off', async () => {
    const operations = [
      { op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(1000) } },
      ...Array.from({ length: 40 }, (_, i) => ({
        op: 'copy',
        from: '/metadata/annotations',
        path: `/metadata/annotations/a${i}`,
      })),
    ];
    const { status } = await target.bare('PATCH', path, operations, headers);
    expect([400, 413, 422]).toContain(status);
  });

  it('of more operations than anybody needs are refused', async () => {
    const operations = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }));
    expect((await target.bare('PATCH', path, operations, headers)).status).toBe(413);
  });
});

describe('patterns that take forever', () => {
  const slow = '^(a+)+$';
  const definition = (schema: object) => ({
    metadata: { name: 'traps.attacks.example.com' },
    spec: {
      group: 'attacks.example.com',
      scope: 'Namespaced',
      names: { plural: 'traps', kind: 'Trap' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { text: { type: 'string', ...schema } } } },
        },
      ],
    },
  });
  const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const text = `${'a'.repeat(100_000)}!`;
  afterEach(async () => {
    await target.bare('DELETE', `${DEFINITIONS}/traps.attacks.example.com`, undefined, admin);
    const gone = () => target.bare('GET', `${DEFINITIONS}/traps.attacks.example.com`, undefined, admin);
    await expect.poll(async () => (await gone()).status).toBe(404);
  });

  it.each<readonly [string, object]>([
    ['of a schema', { pattern: slow }],
    ['of a rule', { maxLength: 200_000, 'x-kubernetes-validations': [{ rule: `self.matches('${slow}')` }] }],
  ])('%s do not', async (_what, schema) => {
    await target.done('POST', DEFINITIONS, definition(schema));
    const traps = '/apis/attacks.example.com/v1/namespaces/default/traps';
    await expect.poll(async () => (await target.bare('GET', traps, undefined, admin)).status).toBe(200);
    const trap = { apiVersion: 'attacks.example.com/v1', kind: 'Trap', metadata: { name: 't' }, text };
    expect((await target.bare('POST', traps, trap, admin)).status).toBe(422);
  });

  it('of selectors are read at once', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => `a${i} in (${'x,'.repeat(10)}x)`).join(',');
    const answer = await target.bare(
      'GET',
      `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(many)}`,
      undefined,
      admin,
    );
    expect([200, 400, 414, 431]).toContain(answer.status);
  });
});
