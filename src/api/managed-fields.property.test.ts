import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deepEqual } from '../schema/equal.ts';
import { FieldSet } from '../schema/field-set.ts';
import type { JsonObject } from '../schema/json.ts';
import { applyConfiguration, trackUpdate } from './managed-fields.ts';
import type { ManagedFieldsEntry } from './meta/v1.gen.ts';
import { model } from './model.ts';

const schema = model.type('core/v1.Pod');
const by = (manager: string) => ({ manager, apiVersion: 'v1', subresource: '', now: 1_700_000_000_000 });

interface Live extends JsonObject {
  readonly metadata: JsonObject & { readonly managedFields?: readonly ManagedFieldsEntry[] };
}

function apply(live: Live | undefined, manager: string, config: JsonObject): Live {
  const { object, managedFields } = applyConfiguration(schema, live, config, { ...by(manager), force: true });
  return { ...object, metadata: { ...(object.metadata as JsonObject), managedFields } };
}

const setOf = (live: Live, manager: string): FieldSet => {
  const entry = live.metadata.managedFields?.find((e) => e.manager === manager);
  return FieldSet.fromFieldsV1(entry?.fieldsV1 ?? {}) ?? FieldSet.none;
};

const text = fc.constantFrom('a', 'b', 'c', 'd');
const container = fc.record(
  { image: text, command: fc.array(text, { minLength: 1, maxLength: 2 }) },
  { requiredKeys: [] },
);
const configuration = fc
  .record({
    labels: fc.dictionary(text, text, { minKeys: 1 }),
    finalizers: fc.uniqueArray(text, { minLength: 1, maxLength: 3 }),
    containers: fc.uniqueArray(fc.tuple(text, container), { selector: ([name]) => name, minLength: 1, maxLength: 4 }),
    nodeSelector: fc.dictionary(text, text, { minKeys: 1 }),
  })
  .map(
    ({ labels, finalizers, containers, nodeSelector }): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels, finalizers },
      spec: { nodeSelector, containers: containers.map(([name, rest]) => ({ name, ...rest })) },
    }),
  );
const history = fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), configuration), { minLength: 1, maxLength: 5 });

const namesOf = (live: JsonObject): string[] => {
  const { containers } = live.spec as { containers?: readonly { readonly name: string }[] | null };
  return (containers ?? []).map(({ name }) => name);
};

const play = (steps: readonly (readonly [string, JsonObject])[]): Live | undefined =>
  steps.reduce<Live | undefined>((live, [manager, config]) => apply(live, manager, config), undefined);

describe('server-side apply', () => {
  test('the same again changes nothing, not even the time', () => {
    fc.assert(
      fc.property(history, ([...steps]) => {
        const live = play(steps);
        const last = steps.at(-1);
        if (!live || !last) return;
        const { object, managedFields } = applyConfiguration(schema, live, last[1], {
          ...by(last[0]),
          now: by('').now + 60_000,
          force: false,
        });
        const { managedFields: before, ...metadata } = live.metadata;
        expect(deepEqual(object, { ...live, metadata })).toBe(true);
        expect(managedFields).toEqual(before);
      }),
    );
  });

  test('what was applied last is there, in its order, and is its manager’s', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const live = play(steps);
        const last = steps.at(-1);
        if (!live || !last) return;
        const wanted = namesOf(last[1]);
        expect(namesOf(live).filter((name) => wanted.includes(name))).toEqual(wanted);
        expect((live.metadata.labels as JsonObject | undefined) ?? {}).toMatchObject(
          (last[1].metadata as { labels: JsonObject }).labels,
        );
        const owned = setOf(live, last[0]).at('f:spec').at('f:containers');
        for (const name of wanted) expect(owned.at(`k:{"name":"${name}"}`).member).toBe(true);
      }),
    );
  });

  test('every element is somebody’s, and what nobody applies any more is gone', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const live = play(steps);
        if (!live) return;
        const latest = new Map(steps);
        const wanted = new Set([...latest.values()].flatMap(namesOf));
        expect(new Set(namesOf(live))).toEqual(wanted);
      }),
    );
  });

  test('an update takes from appliers exactly what it changes', () => {
    fc.assert(
      fc.property(configuration, text, (config, image) => {
        const live = apply(undefined, 'x', config);
        const containers = (live.spec as { containers?: readonly JsonObject[] | null }).containers ?? [];
        const [first, ...others] = containers;
        if (!first) return;
        const next = { ...live, spec: { ...(live.spec as JsonObject), containers: [{ ...first, image }, ...others] } };
        const entries = trackUpdate(schema, live, next, by('u'));
        const taken = entries?.some((entry) => entry.manager === 'u') ?? false;
        expect(taken).toBe(first.image !== image);
        const kept = setOf({ ...live, metadata: { ...live.metadata, managedFields: entries } }, 'x');
        const at = kept
          .at('f:spec')
          .at('f:containers')
          .at(`k:{"name":"${String(first.name)}"}`);
        expect(at.at('f:image').member).toBe(first.image === image);
        expect(at.member).toBe(true);
      }),
    );
  });
});

const step = fc.oneof(
  text.map((name) => `f:${name}`),
  text.map((name) => `k:{"name":"${name}"}`),
  text.map((name) => `v:"${name}"`),
  fc.nat({ max: 12 }).map((i) => `i:${i}`),
);
const set: fc.Arbitrary<FieldSet> = fc
  .array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((paths) =>
    paths.reduce(
      (all, path) => all.union(path.reduceRight((below, s) => FieldSet.node(false, [[s, below]]), FieldSet.leaf)),
      FieldSet.none,
    ),
  );
const members = (s: FieldSet) => new Set(s.paths());

describe('field sets', () => {
  test('are read back as they were written', () => {
    fc.assert(fc.property(set, (a) => FieldSet.fromFieldsV1(a.toFieldsV1())?.equals(a) === true));
  });

  test('are sets of paths', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const [x, y] = [members(a), members(b)];
        expect(members(a.union(b))).toEqual(new Set([...x, ...y]));
        expect(members(a.intersection(b))).toEqual(new Set([...x].filter((path) => y.has(path))));
        expect(members(a.difference(b))).toEqual(new Set([...x].filter((path) => !y.has(path))));
      }),
    );
  });

  test('leave out whole branches', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const under = (path: string) =>
          [...members(b)].some((top) => path === top || path.startsWith(`${top}.`) || path.startsWith(`${top}[`));
        expect(members(a.excluding(b))).toEqual(new Set([...members(a)].filter((path) => !under(path))));
      }),
    );
  });
});
