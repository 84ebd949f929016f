import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeKind } from '../schema/decode.ts';
import { decodeProto, encodeProto } from '../schema/protobuf.ts';
import { generateObject } from '../schema/testing/generate.ts';
import { model } from './model.ts';

const kinds = model.groups.flatMap(({ group, version, resources }) =>
  [...new Set(resources.map(({ kind }) => kind))].map((kind) => {
    const schema = model.kind(group, version, kind);
    if (!schema) throw new Error(`the model has no ${kind}`);
    const gvk = { apiVersion: group === '' ? version : `${group}/${version}`, kind };
    return { name: `${gvk.apiVersion} ${kind}`, schema, gvk };
  }),
);

/** Objects of a kind, each choice of which fast-check can make simpler. */
const objectsOf = (schema: (typeof kinds)[number]['schema']) =>
  fc.gen().map((choose) => generateObject(schema, { below: (bound) => choose(fc.nat, { max: bound - 1 }) }));

/** Without what protobuf does not tell from absent (empty lists and maps), and with keys in order. */
function told(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== 'object' || value === null) return value;
  const there = Object.entries(value).filter(([, v]) => v !== null && !(Array.isArray(v) && v.length === 0));
  // An array of entries, since a key may be __proto__.
  return there.map(([key, v]) => [key, told(v)] as const).sort(([a], [b]) => (a < b ? -1 : 1));
}

describe.each(kinds)('$name, whatever is in it', ({ schema, gvk }) => {
  const decode = (value: unknown, defaults: boolean) => decodeKind(schema, gvk, value, { defaults }).object;

  test('has one canonical form, with defaults and without', () => {
    fc.assert(
      fc.property(objectsOf(schema), fc.boolean(), (value, defaults) => {
        const once = JSON.stringify(decode(value, defaults));
        expect(JSON.stringify(decode(JSON.parse(once), defaults))).toBe(once);
      }),
      { numRuns: 15 },
    );
  });

  test('loses nothing in protobuf', () => {
    fc.assert(
      fc.property(objectsOf(schema), fc.boolean(), (value, defaults) => {
        const object = decode(value, defaults);
        const bytes = encodeProto(schema, gvk, object);
        const back = decodeKind(schema, gvk, decodeProto(schema, bytes).object, { defaults: false }).object;
        expect(told(back)).toEqual(told(object));
        expect(encodeProto(schema, gvk, back).equals(bytes)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});
