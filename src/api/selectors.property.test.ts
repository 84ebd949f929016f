import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FieldSelector, parseFieldSelector } from './fields.ts';
import { type LabelOperator, labelSelector, parseLabelSelector, type Requirement, Selector } from './labels.ts';

/** Few keys and values, so that they meet; operators' names are keys and values like any other. */
const key = fc.constantFrom('a', 'b', 'example.com/a', 'in', 'notin', 'x-y_z.9', 'constructor');
const value = fc.constantFrom('', '1', '2', '10', '007', 'v', 'in', 'A.b_c-d');
const labels = fc.dictionary(key, value, { noNullPrototype: true });
const several = fc.uniqueArray(value, { minLength: 1, maxLength: 3 });

const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom<LabelOperator>('in', 'notin'), values: several }),
  fc.record({ key, operator: fc.constantFrom<LabelOperator>('=', '==', '!='), values: value.map((v) => [v]) }),
  fc.record({ key, operator: fc.constantFrom<LabelOperator>('exists', '!'), values: fc.constant([]) }),
  fc.record({
    key,
    operator: fc.constantFrom<LabelOperator>('gt', 'lt'),
    values: fc.integer({ min: 0, max: 12 }).map((n) => [String(n)]),
  }),
);

function modelMatch(have: ReadonlyMap<string, string>, { key, operator, values }: Requirement): boolean {
  const mine = have.get(key);
  const listed = mine !== undefined && values.some((v) => v === mine);
  if (operator === 'exists') return have.has(key);
  if (operator === '!') return !have.has(key);
  if (operator === 'gt' || operator === 'lt') {
    if (mine === undefined || !/^[0-9]+$/.test(mine)) return false;
    const difference = Number(mine) - Number(values[0]);
    return operator === 'gt' ? difference > 0 : difference < 0;
  }
  return operator === '!=' || operator === 'notin' ? !listed : listed;
}

const meaning = (r: readonly Requirement[]): string[] =>
  r.map(({ key, operator, values }) => JSON.stringify([key, operator, [...values].sort()])).sort();

describe('label selectors', () => {
  test('are read back as they were printed', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
        const text = new Selector(requirements).toString();
        const read = parseLabelSelector(text);
        expect(meaning(read.requirements)).toEqual(meaning(requirements));
        expect(parseLabelSelector(read.toString()).toString()).toBe(read.toString());
      }),
    );
  });

  test('match what fulfils every requirement', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 3 }), labels, (requirements, have) => {
        const expected = requirements.every((r) => modelMatch(new Map(Object.entries(have)), r));
        expect(new Selector(requirements).matches(have)).toBe(expected);
        expect(parseLabelSelector(new Selector(requirements).toString()).matches(have)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('of objects mean the same as their text', () => {
    const names = { in: 'In', notin: 'NotIn', exists: 'Exists', '!': 'DoesNotExist' } as const;
    const expression = requirement.filter(({ operator }) => operator in names);
    fc.assert(
      fc.property(labels, fc.array(expression, { maxLength: 3 }), labels, (matchLabels, expressions, have) => {
        const matchExpressions = expressions.map(({ key, operator, values }) => ({
          key,
          operator: names[operator as keyof typeof names],
          values: [...values],
        }));
        const compiled = labelSelector({ matchLabels, matchExpressions });
        const model = new Map(Object.entries(have));
        const expected =
          Object.entries(matchLabels).every(([k, v]) => model.get(k) === v) &&
          expressions.every((r) => modelMatch(model, r));
        expect(compiled.matches(have)).toBe(expected);
        expect(parseLabelSelector(compiled.toString()).matches(have)).toBe(expected);
      }),
    );
  });
});

describe('field selectors', () => {
  const field = fc.constantFrom('metadata.name', 'spec.nodeName', 'status.phase');
  const text = fc.oneof(fc.constantFrom('', 'a', 'a,b', 'a=b', '\\', '!', '=,\\'), fc.string({ maxLength: 6 }));
  const wanted = fc.array(fc.record({ field, operator: fc.constantFrom('=' as const, '!=' as const), value: text }), {
    maxLength: 4,
  });

  test('are read back as they were printed', () => {
    fc.assert(
      fc.property(wanted, (requirements) => {
        const read = parseFieldSelector(new FieldSelector(requirements).toString()).requirements;
        const sorted = (r: readonly object[]) => r.map((x) => JSON.stringify(x)).sort();
        expect(sorted(read)).toEqual(sorted(requirements));
      }),
      { numRuns: 500 },
    );
  });

  test('match what fulfils every requirement; what is not there is empty', () => {
    fc.assert(
      fc.property(wanted, fc.dictionary(field, text, { noNullPrototype: true }), (requirements, have) => {
        const model = new Map(Object.entries(have));
        const expected = requirements.every((r) => ((model.get(r.field) ?? '') === r.value) === (r.operator === '='));
        expect(new FieldSelector(requirements).matches(have)).toBe(expected);
      }),
    );
  });
});
