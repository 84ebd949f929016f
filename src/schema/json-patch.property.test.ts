import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deepFreeze } from './freeze.ts';
import { applyJsonPatch } from './json-patch.ts';
import { PatchError } from './patch-error.ts';

/** The model: what is at a path is found by walking, and every change rebuilds all that is above it. */
type Json = null | number | string | readonly Json[] | { readonly [key: string]: Json };

class Refused extends Error {}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function childOf(value: Json, step: string): Json {
  if (isList(value)) {
    const child = /^[0-9]+$/.test(step) ? value[Number(step)] : undefined;
    if (child !== undefined) return child;
  } else if (typeof value === 'object' && value !== null) {
    const child = new Map(Object.entries(value)).get(step);
    if (child !== undefined) return child;
  }
  throw new Refused();
}

const look = (value: Json, path: readonly string[]): Json => path.reduce(childOf, value);

/** `change` gets the container and the last step. */
function rebuild(value: Json, path: readonly string[], change: (container: Json, step: string) => Json): Json {
  const [step, ...rest] = path;
  if (step === undefined) throw new Refused();
  if (rest.length === 0) return change(value, step);
  const child = rebuild(childOf(value, step), rest, change);
  if (isList(value)) return value.map((item, i) => (i === Number(step) ? child : item));
  return { ...(value as object), [step]: child };
}

const put = (to: Json) => (container: Json, step: string) => {
  if (isList(container)) {
    const i = step === '-' ? container.length : Number(step);
    if (!(i <= container.length)) throw new Refused();
    return [...container.slice(0, i), to, ...container.slice(i)];
  }
  if (typeof container !== 'object' || container === null) throw new Refused();
  return { ...container, [step]: to };
};

const without = (container: Json, step: string): Json => {
  childOf(container, step);
  if (isList(container)) return container.filter((_, i) => i !== Number(step));
  return Object.fromEntries(Object.entries(container as object).filter(([key]) => key !== step));
};

const set = (to: Json) => (container: Json, step: string) => {
  if (!isList(container)) return put(to)(container, step);
  childOf(container, step);
  return container.map((item, i) => (i === Number(step) ? to : item));
};

interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly from: readonly string[];
  readonly path: readonly string[];
  readonly value: Json;
}

function modelApply(document: Json, { op, from, path, value }: Operation): Json {
  switch (op) {
    case 'add':
      return rebuild(document, path, put(value));
    case 'remove':
      return rebuild(document, path, without);
    case 'replace':
      return rebuild(document, path, set(value));
    case 'move':
      return rebuild(rebuild(document, from, without), path, put(look(document, from)));
    case 'copy':
      return rebuild(document, path, put(look(document, from)));
    case 'test':
      if (JSON.stringify(look(document, path)) !== JSON.stringify(value)) throw new Refused();
      return document;
  }
}

const key = fc.constantFrom('a', 'b', '/', '~', '~1');
const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<Json>(1, 'x', 2),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const index = fc.constantFrom('0', '1', '2', '-');
const path = fc.oneof(
  fc.array(fc.oneof(key, index), { minLength: 1, maxLength: 3 }),
  fc.tuple(fc.constantFrom('a', 'b'), index),
);
const operation: fc.Arbitrary<Operation> = fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
  from: path,
  path,
  value: tree,
});
const list = fc.array(tree, { maxLength: 3 });
const document: fc.Arbitrary<Json> = fc.oneof(
  fc.dictionary(key, tree, { minKeys: 1, noNullPrototype: true }),
  fc.record({ a: list, b: list }),
);

const pointer = (steps: readonly string[]): string =>
  steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The one liberty that the paths here can meet: a member that is missing is the same as null, where one can be. */
const tolerant = (document: Json, { op, from, path }: Operation): boolean => {
  const missing = (at: readonly string[]) => {
    try {
      const container = look(document, at.slice(0, -1));
      return !isList(container) && typeof container === 'object' && !Object.hasOwn(container ?? {}, at.at(-1) ?? '');
    } catch {
      return false;
    }
  };
  return (op === 'copy' && missing(from)) || (op === 'test' && missing(path));
};

test('JSON patches do what a plain reading of RFC 6902 does', () => {
  let applied = 0;
  fc.assert(
    fc.property(document, fc.array(operation, { minLength: 1, maxLength: 4 }), (original, operations) => {
      let expected: Json | undefined = original;
      for (const each of operations) {
        if (tolerant(expected, each)) return;
        try {
          expected = modelApply(expected, each);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          expected = undefined;
          break;
        }
      }
      const patch = operations.map((each) => ({ ...each, from: pointer(each.from), path: pointer(each.path) }));
      const run = () => applyJsonPatch(deepFreeze(original), deepFreeze(patch));
      if (expected === undefined) expect(run).toThrow(PatchError);
      else {
        applied++;
        expect(run()).toEqual(expected);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(applied).toBeGreaterThan(100);
});
