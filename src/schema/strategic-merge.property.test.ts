import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { model } from '../api/model.ts';
import { deepFreeze } from './freeze.ts';
import type { JsonObject } from './json.ts';
import { applyStrategicMerge } from './strategic-merge.ts';

/**
 * A pod's spec in small: `containers` is merged by name and has `env`, merged by name too; `nodeSelector` is a map,
 * `tolerations` a list that is replaced.
 */
const schema = model.type('core/v1.PodSpec');
const meta = model.type('meta/v1.ObjectMeta');

type Strings = Readonly<Record<string, string>>;
interface Named {
  readonly name: string;
  readonly value?: string;
}
interface Container {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly Named[];
}
interface Spec {
  readonly containers: readonly Container[];
  readonly nodeSelector: Strings;
  readonly tolerations: readonly { readonly key: string }[];
}

const word = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e');
const named = fc.record({ name: word, value: word }, { requiredKeys: ['name'] });
const container: fc.Arbitrary<Container> = fc.record(
  { name: word, image: word, env: fc.uniqueArray(named, { selector: (e) => e.name, minLength: 1, maxLength: 3 }) },
  { requiredKeys: ['name'] },
);
const containers = fc.uniqueArray(container, { selector: (c) => c.name, maxLength: 5 });
const map = fc.dictionary(word, word, { noNullPrototype: true });
const spec: fc.Arbitrary<Spec> = fc.record({
  containers,
  nodeSelector: map,
  tolerations: fc.array(fc.record({ key: word }), { maxLength: 2 }),
});

const merge = (original: object, patch: object): JsonObject =>
  applyStrategicMerge(schema, deepFreeze(original), deepFreeze(patch)) as JsonObject;
const byName = <T extends Named | Container>(list: readonly T[] = []) => new Map(list.map((e) => [e.name, e]));
const names = (list: readonly Named[]) => list.map(({ name }) => name);
const shuffled = <T>(list: fc.Arbitrary<T[]>) =>
  list.chain((all) => fc.shuffledSubarray(all, { minLength: all.length }).map((order) => [all, order] as const));

/** Lists by key, without their order. */
const unordered = (list: readonly Container[]) =>
  new Map(list.map(({ env, ...rest }) => [rest.name, { ...rest, env: env && byName(env) }]));

function modelContainers(before: readonly Container[], patch: readonly Container[]) {
  const out = unordered(before);
  for (const { env, ...rest } of patch) {
    const old = out.get(rest.name);
    const merged = new Map(old?.env);
    for (const e of env ?? []) merged.set(e.name, { ...merged.get(e.name), ...e });
    out.set(rest.name, { ...old, ...rest, env: env || old?.env ? merged : undefined });
  }
  return out;
}

/** The patch that makes `to` of `from`: as kubectl writes it, with deletions and the order of lists. */
function diff(from: Spec, to: Spec): JsonObject {
  const gone = <T extends Named>(before: readonly T[] = [], after: readonly T[] = []) =>
    names(before)
      .filter((name) => !byName(after).has(name))
      .map((name) => ({ $patch: 'delete', name }));
  const order = (list: readonly Named[]) => list.map(({ name }) => ({ name }));
  const nulls = (before: object, after: object) =>
    Object.fromEntries(Object.keys(before).flatMap((key) => (Object.hasOwn(after, key) ? [] : [[key, null]])));
  return {
    '$setElementOrder/containers': order(to.containers),
    containers: [
      ...to.containers.map((c) => {
        const old = byName(from.containers).get(c.name);
        if (!old) return c;
        if (!c.env) return { ...nulls(old, c), ...c };
        return {
          ...nulls(old, c),
          ...c,
          '$setElementOrder/env': order(c.env),
          env: [
            ...c.env.map((e) => ({ ...nulls(byName(old.env).get(e.name) ?? {}, e), ...e })),
            ...gone(old.env, c.env),
          ],
        };
      }),
      ...gone(from.containers, to.containers),
    ],
    nodeSelector: { ...nulls(from.nodeSelector, to.nodeSelector), ...to.nodeSelector },
    tolerations: to.tolerations,
  };
}

describe('strategic merge patches', () => {
  test('without anything change nothing, as does the object itself', () => {
    fc.assert(
      fc.property(spec, (s) => {
        expect(merge(s, {})).toEqual(s);
        expect(merge(s, s)).toEqual(s);
        expect(merge(s, diff(s, s))).toEqual(s);
      }),
    );
  });

  test('made of the difference lead to the target, its order too, and again change nothing', () => {
    fc.assert(
      fc.property(spec, spec, (from, to) => {
        const patch = diff(from, to);
        expect(merge(from, patch)).toEqual(to);
        expect(merge(to, patch)).toEqual(to);
      }),
      { numRuns: 500 },
    );
  });

  test('merge maps and keyed lists as a plain model does, and replace the others', () => {
    fc.assert(
      fc.property(spec, spec, (original, patch) => {
        const merged = merge(original, patch) as unknown as Spec;
        expect(unordered(merged.containers)).toEqual(modelContainers(original.containers, patch.containers));
        expect(merged.containers.length).toBe(unordered(merged.containers).size);
        const mine = byName(patch.containers);
        expect(names(merged.containers).filter((n) => mine.has(n))).toEqual(names(patch.containers));
        const others = names(original.containers).filter((n) => !mine.has(n));
        expect(names(merged.containers).filter((n) => !mine.has(n))).toEqual(others);
        expect(merged.nodeSelector).toEqual({ ...original.nodeSelector, ...patch.nodeSelector });
        expect(merged.tolerations).toEqual(patch.tolerations);
      }),
      { numRuns: 500 },
    );
  });

  test('delete elements, replace lists and maps, retain keys', () => {
    fc.assert(
      fc.property(spec, fc.uniqueArray(word), containers, map, (s, gone, others, selector) => {
        const deletions = gone.map((name) => ({ $patch: 'delete', name }));
        const kept = s.containers.filter(({ name }) => !gone.includes(name));
        expect(merge(s, { containers: deletions }).containers).toEqual(kept);
        expect(merge(s, { containers: [{ $patch: 'replace' }, ...others] }).containers).toEqual(others);
        expect(merge(s, { nodeSelector: { $patch: 'replace', ...selector } }).nodeSelector).toEqual(selector);
        expect(merge(s, { nodeSelector: { $patch: 'delete' } }).nodeSelector).toEqual({});
        const retained = { $retainKeys: [...gone, ...Object.keys(selector)], ...selector };
        const left = Object.entries(s.nodeSelector).filter(([key]) => gone.includes(key));
        expect(merge(s, { nodeSelector: retained }).nodeSelector).toEqual({ ...Object.fromEntries(left), ...selector });
        expect(() => merge(s, { containers: [{ $patch: 'merge', name: 'a' }] })).toThrow('merging lists cannot yet be');
      }),
    );
  });

  test('order lists: those that are named as they are named, all of them there once', () => {
    fc.assert(
      fc.property(containers, shuffled(fc.uniqueArray(word)), (list, [, order]) => {
        const patch = { '$setElementOrder/containers': order.map((name) => ({ name })) };
        const ordered = merge({ containers: list }, patch).containers as readonly Container[];
        expect(unordered(ordered)).toEqual(unordered(list));
        const present = new Set(names(list));
        expect(names(ordered).filter((n) => order.includes(n))).toEqual(order.filter((n) => present.has(n)));
        const rest = (all: readonly Container[]) => names(all).filter((n) => !order.includes(n));
        expect(rest(ordered)).toEqual(rest(list));
      }),
    );
  });

  test('edit lists of scalars as sets', () => {
    const set = fc.uniqueArray(word);
    fc.assert(
      fc.property(set, set, set, (have, add, drop) => {
        const patch = { finalizers: add, '$deleteFromPrimitiveList/finalizers': drop };
        const out = applyStrategicMerge(meta, deepFreeze({ finalizers: have }), deepFreeze(patch)) as {
          readonly finalizers: readonly string[];
        };
        const expected = new Set([...have, ...add].filter((word) => !drop.includes(word)));
        expect([...out.finalizers].sort()).toEqual([...expected].sort());
        expect(out.finalizers.filter((word) => add.includes(word))).toEqual(add.filter((word) => expected.has(word)));
      }),
    );
  });
});
