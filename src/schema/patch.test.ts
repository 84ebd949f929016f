import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { model } from '../api/model.ts';
import { deepFreeze } from './freeze.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMerge } from './strategic-merge.ts';

const podSpec = model.type('core/v1.PodSpec');
const meta = model.type('meta/v1.ObjectMeta');
const deployment = model.type('apps/v1.DeploymentSpec');

describe('JSON patch', () => {
  const document = deepFreeze({ a: { b: [1, 2, 3] }, 'c/d~e': 'x' });
  it.each([
    [
      { op: 'add', path: '/a/b/-', value: 4 },
      { a: { b: [1, 2, 3, 4] }, 'c/d~e': 'x' },
    ],
    [
      { op: 'add', path: '/a/b/0', value: 0 },
      { a: { b: [0, 1, 2, 3] }, 'c/d~e': 'x' },
    ],
    [
      { op: 'add', path: '/a/b/-1', value: 9 },
      { a: { b: [1, 2, 3, 9] }, 'c/d~e': 'x' },
    ],
    [
      { op: 'remove', path: '/a/b/-1' },
      { a: { b: [1, 2] }, 'c/d~e': 'x' },
    ],
    [
      { op: 'replace', path: '/c~1d~0e', value: 'y' },
      { a: { b: [1, 2, 3] }, 'c/d~e': 'y' },
    ],
    [
      { op: 'replace', path: '/a/new', value: 1 },
      { a: { b: [1, 2, 3], new: 1 }, 'c/d~e': 'x' },
    ],
    [
      { op: 'move', from: '/a/b/0', path: '/f' },
      { a: { b: [2, 3] }, 'c/d~e': 'x', f: 1 },
    ],
    [
      { op: 'copy', from: '/a/b', path: '/f' },
      { a: { b: [1, 2, 3] }, 'c/d~e': 'x', f: [1, 2, 3] },
    ],
    [{ op: 'test', path: '/a/none', value: null }, document],
    [{ op: 'replace', path: '', value: { z: 1 } }, { z: 1 }],
  ])('%j', (operation, expected) => expect(applyJsonPatch(document, [operation])).toEqual(expected));

  it.each([
    [{ op: 'add', path: '/x/y', value: 1 }, 'add operation does not apply: doc is missing path: "/x/y": missing value'],
    [
      { op: 'add', path: '/a/b/9', value: 1 },
      "error in add for path: '/a/b/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [
      { op: 'remove', path: '/x' },
      "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
    ],
    [
      { op: 'remove', path: '/toString' },
      "error in remove for path: '/toString': Unable to remove nonexistent key: toString: missing value",
    ],
    [
      { op: 'replace', path: '/a/b/3', value: 1 },
      'replace operation does not apply: doc is missing key: /a/b/3: missing value',
    ],
    [{ op: 'test', path: '/a/b/0', value: 2 }, 'testing value /a/b/0 failed: test failed'],
    [{ op: 'frob', path: '/a' }, 'Unexpected kind: frob'],
    [{ op: 'add', value: 1 }, 'add operation failed to decode path: missing value'],
  ])('refuses %j', (operation, message) => expect(() => applyJsonPatch(document, [operation])).toThrow(message));

  it('refuses more than ten thousand operations', () => {
    const test = { op: 'test', path: '/c~1d~0e', value: 'x' };
    const operations = (count: number) => applyJsonPatch(document, new Array(count).fill(test));
    expect(operations(10_000)).toEqual(document);
    const message = 'The allowed maximum operations in a JSON patch is 10000, got 10001';
    expect(() => operations(10_001)).toThrow(message);
  });

  it('bounds what copies add up to', () => {
    const operations = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(() => applyJsonPatch({ a: ['x'.repeat(100)] }, operations)).toThrow('Unable to complete the copy');
  });

  it('does not reach prototypes', () => {
    const out = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    expect(JSON.stringify(out)).toBe('{"__proto__":{"polluted":true}}');
    expect(() => applyJsonPatch({}, [{ op: 'add', path: '/__proto__/polluted', value: true }])).toThrow('missing path');
    expect({}).not.toHaveProperty('polluted');
  });

  it('adds and removes without a trace', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
        fc.jsonValue(),
        (object, value) => {
          const before = deepFreeze(JSON.parse(JSON.stringify(object)) as unknown);
          const patch = [
            { op: 'add', path: '/new key', value },
            { op: 'remove', path: '/new key' },
          ];
          if ('new key' in object) return;
          expect(JSON.stringify(applyJsonPatch(before, patch))).toBe(JSON.stringify(before));
        },
      ),
    );
  });
});

describe('merge patch', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: [1] }, { a: [2, null, { b: null }] }, { a: [2, null, {}] }],
    [{ a: 'c' }, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j', (original, patch, expected) => {
    expect(applyMergePatch(deepFreeze(original), deepFreeze(patch))).toEqual(expected);
  });

  it('refuses what is no object', () => {
    expect(() => applyMergePatch({}, null)).toThrow('Invalid JSON Patch');
    expect(() => applyMergePatch({}, [])).toThrow(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
  });

  it('applied twice is applied once', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true });
    fc.assert(
      fc.property(object, object, (original, patch) => {
        const once = applyMergePatch(original, patch);
        expect(JSON.stringify(applyMergePatch(once, patch))).toBe(JSON.stringify(once));
      }),
    );
  });

  it('does not reach prototypes', () => {
    applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":1}}'));
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('strategic merge patch', () => {
  const spec = deepFreeze({
    containers: [
      { name: 'a', image: '1', env: [{ name: 'X', value: '1' }] },
      { name: 'b', image: '2' },
      { name: 'c', image: '3' },
    ],
    nodeSelector: { x: 'y' },
    tolerations: [{ key: 'a' }],
  });
  const names = (value: unknown) => (value as { containers: { name: string }[] }).containers.map((c) => c.name);

  it('merges lists by key and replaces the others', () => {
    const patch = {
      containers: [
        { name: 'b', image: '9' },
        { name: 'd', image: '4' },
      ],
      tolerations: [{ key: 'b' }],
      nodeSelector: { x: null, z: '1' },
    };
    expect(applyStrategicMerge(podSpec, spec, deepFreeze(patch))).toEqual({
      containers: [spec.containers[0], { name: 'b', image: '9' }, { name: 'd', image: '4' }, spec.containers[2]],
      nodeSelector: { z: '1' },
      tolerations: [{ key: 'b' }],
    });
  });

  it('deletes elements, and replaces lists and maps', () => {
    expect(names(applyStrategicMerge(podSpec, spec, { containers: [{ $patch: 'delete', name: 'b' }] }))).toEqual([
      'a',
      'c',
    ]);
    const replaced = applyStrategicMerge(podSpec, spec, { containers: [{ $patch: 'replace' }, { name: 'z' }] });
    expect(names(replaced)).toEqual(['z']);
    expect(applyStrategicMerge(podSpec, spec, { nodeSelector: { $patch: 'replace', q: '1' } })).toMatchObject({
      nodeSelector: { q: '1' },
    });
    expect(applyStrategicMerge(podSpec, spec, { nodeSelector: { $patch: 'delete' } })).toMatchObject({
      nodeSelector: {},
    });
  });

  it('orders lists', () => {
    const order = ['c', 'a'].map((name) => ({ name }));
    expect(names(applyStrategicMerge(podSpec, spec, { '$setElementOrder/containers': order }))).toEqual([
      'b',
      'c',
      'a',
    ]);
    const patch = { '$setElementOrder/containers': [{ name: 'n' }, { name: 'a' }], containers: [{ name: 'n' }] };
    expect(names(applyStrategicMerge(podSpec, spec, patch))).toEqual(['n', 'a', 'b', 'c']);
  });

  it('edits lists of scalars', () => {
    const original = { finalizers: ['a', 'b', 'c'] };
    expect(applyStrategicMerge(meta, original, { finalizers: ['d', 'a'] })).toEqual({
      finalizers: ['d', 'a', 'b', 'c'],
    });
    expect(applyStrategicMerge(meta, original, { '$deleteFromPrimitiveList/finalizers': ['b'] })).toEqual({
      finalizers: ['a', 'c'],
    });
    const both = {
      '$setElementOrder/finalizers': ['c', 'x', 'a'],
      '$deleteFromPrimitiveList/finalizers': ['b'],
      finalizers: ['x'],
    };
    expect(applyStrategicMerge(meta, original, both)).toEqual({ finalizers: ['c', 'x', 'a'] });
  });

  it('retains keys', () => {
    const original = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } };
    const patch = { strategy: { $retainKeys: ['type'], type: 'Recreate' } };
    expect(applyStrategicMerge(deployment, original, patch)).toEqual({ strategy: { type: 'Recreate' } });
    expect(() => applyStrategicMerge(deployment, original, { strategy: { $retainKeys: [], type: 'x' } })).toThrow(
      'invalid patch format of retainKeys',
    );
  });

  it.each([
    [{ containers: [{ image: 'x' }] }, 'map: map[image:x] does not contain declared merge key: name'],
    [{ $patch: 'frob' }, 'unknown patch type: frob in map: map[$patch:frob]'],
    [
      { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b' }] },
      "doesn't match $setElementOrder list",
    ],
    [{ '$setElementOrder/containers': 'a' }, 'expected a []interface {}, but received a string'],
  ])('refuses %j', (patch, message) => expect(() => applyStrategicMerge(podSpec, spec, patch)).toThrow(message));

  it('takes what a patch adds without its nulls and directives', () => {
    const patch = { securityContext: { runAsUser: null, runAsGroup: 1 }, hostAliases: [{ $patch: 'delete', ip: '1' }] };
    expect(applyStrategicMerge(podSpec, {}, patch)).toEqual({ securityContext: { runAsGroup: 1 }, hostAliases: [] });
  });

  it('changes nothing when the patch is the object, and keeps every element of a merged list once', () => {
    const container = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), image: fc.string() });
    const list = fc.uniqueArray(container, { selector: (c) => c.name });
    fc.assert(
      fc.property(list, list, (original, patch) => {
        const same = applyStrategicMerge(podSpec, { containers: original }, { containers: original });
        expect(same).toEqual({ containers: original });
        const merged = applyStrategicMerge(
          podSpec,
          deepFreeze({ containers: original }),
          deepFreeze({ containers: patch }),
        );
        const expected = new Map([...original, ...patch].map((c) => [c.name, c]));
        expect(names(merged).sort()).toEqual([...expected.keys()].sort());
        // The patch's elements keep the patch's order.
        const mine = new Set<string>(patch.map((c) => c.name));
        expect(names(merged).filter((n) => mine.has(n))).toEqual([...mine]);
      }),
    );
  });
});
