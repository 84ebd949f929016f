import { describe, expect, it } from 'vitest';
import { merged, partBelow, type SwaggerPart } from './merge.ts';

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const part = (more: Partial<SwaggerPart>): SwaggerPart => ({ paths: {}, definitions: {}, parameters: {}, ...more });

describe('partBelow', () => {
  it('keeps paths of a prefix with what they need, and what nothing ever needed', () => {
    const document = {
      swagger: '2.0',
      paths: { '/apis/a/v1/': { get: { schema: ref('A') } }, '/apis/b/v1/': { get: { schema: ref('B') } } },
      definitions: { A: { properties: { x: ref('X') } }, X: {}, B: {}, Unused: {} },
    };
    expect(partBelow(document, '/apis/a/v1/')).toEqual({
      paths: { '/apis/a/v1/': { get: { schema: ref('A') } } },
      definitions: { A: { properties: { x: ref('X') } }, X: {}, Unused: {} },
      parameters: {},
    });
  });

  it.each([null, 1, [], { paths: 1 }, { paths: {}, definitions: [] }])('refuses %j', (document) => {
    expect(() => partBelow(document, '/')).toThrow(TypeError);
  });
});

describe('merged', () => {
  const own = part({
    paths: { '/z': 1, '/a': 1 },
    definitions: { Meta: { description: 'ours', type: 'object' } },
    parameters: { p: { type: 'string' } },
  });

  it('renames what has a taken name and is another, wherever it is referred to', () => {
    const other = part({
      paths: { '/a': 2, '/m': { schema: ref('Meta'), parameters: [{ $ref: '#/parameters/p' }] } },
      definitions: { Meta: { type: 'string' }, List: { items: ref('Meta') } },
      parameters: { p: { type: 'integer' } },
    });
    const all = merged(own, [
      other,
      part({ paths: { '/n': { schema: ref('Meta') } }, definitions: { Meta: { type: 'string' } } }),
    ]);
    expect(all.paths).toEqual({
      '/a': 1,
      '/m': { schema: ref('Meta_v2'), parameters: [{ $ref: '#/parameters/p_v2' }] },
      '/n': { schema: ref('Meta_v2') },
      '/z': 1,
    });
    expect(Object.keys(all.paths)).toEqual(['/a', '/m', '/n', '/z']);
    expect(all.definitions).toEqual({
      Meta: { description: 'ours', type: 'object' },
      Meta_v2: { type: 'string' },
      List: { items: ref('Meta_v2') },
    });
    expect(all.parameters).toEqual({ p: { type: 'string' }, p_v2: { type: 'integer' } });
  });

  it('holds definitions to be the same that differ in words and in their kinds, which add up', () => {
    const kind = (group: string) => ({ group, version: 'v1', kind: 'Meta' });
    const kinds = 'x-kubernetes-group-version-kind';
    const [mine, theirs] = ['b', 'a'].map((group) =>
      part({
        paths: { [`/${group}`]: 1 },
        definitions: {
          Meta: { description: group, properties: { description: { type: 'string' } }, [kinds]: [kind(group)] },
        },
      }),
    );
    expect(merged(mine ?? own, [theirs ?? own]).definitions).toEqual({
      Meta: { description: 'b', properties: { description: { type: 'string' } }, [kinds]: [kind('a'), kind('b')] },
    });
  });

  it('takes nothing of a document without a new path, and is not led astray by names that every object has', () => {
    expect(merged(own, [part({ paths: { '/a': 2 }, definitions: { New: {} } })]).definitions).toEqual(own.definitions);
    const odd: SwaggerPart = part({
      paths: JSON.parse('{"/o":1}'),
      definitions: JSON.parse('{"__proto__":{"type":"x"}}'),
    });
    const { definitions } = merged(own, [odd]);
    expect(Object.keys(definitions).sort()).toEqual(['Meta', '__proto__']);
    expect(Object.getPrototypeOf(definitions)).toBe(Object.prototype);
  });
});
