import { describe, expect, test } from 'vitest';
import { elementKey, type Fragment } from './ruleset.ts';
import { TableModel } from './table.ts';

function fragment(parts: {
  chains?: Record<string, string[]>;
  sets?: string[];
  elements?: Record<string, string>;
}): Fragment {
  return {
    chains: new Map(Object.entries(parts.chains ?? {}).map(([name, rules]) => [name, { rules }])),
    sets: new Map((parts.sets ?? []).map((name) => [name, { kind: 'set', body: 'type t;', dynamic: true }])),
    elements: new Map(Object.entries(parts.elements ?? {}).map(([key, value]) => [elementKey('map', key), value])),
  };
}

/** Applies changes and gives the statements, without the table's name. */
function step(model: TableModel, changes: Record<string, Fragment | undefined>): string[] {
  const plan = model.plan(new Map(Object.entries(changes)));
  plan.commit();
  return plan.text
    .replaceAll(' ip t ', ' ')
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '');
}

describe('TableModel', () => {
  test('a life of a service', () => {
    const model = new TableModel('ip t');
    const one = fragment({ chains: { c: ['r1'] }, sets: ['s'], elements: { k: 'goto c' } });
    expect(step(model, { a: one })).toEqual([
      'add set s { type t; }',
      'add chain c',
      'add rule c r1',
      'add element map { k : goto c }',
    ]);
    expect(step(model, { a: one })).toEqual([]);
    const two = fragment({ chains: { c: ['r2'] }, sets: ['s'], elements: { k: 'goto c', l: 'goto c' } });
    expect(step(model, { a: two })).toEqual(['flush chain c', 'add rule c r2', 'add element map { l : goto c }']);
    expect(step(model, { a: undefined })).toEqual(['delete element map { k, l }', 'flush chain c']);
    expect(model.hasGarbage).toBe(true);
    // Deleted when nothing can refer to them any more, before anything of the same name comes back.
    expect(step(model, { a: one }).slice(0, 4)).toEqual([
      'delete chain c',
      'delete set s',
      'add set s { type t; }',
      'add chain c',
    ]);
    expect(model.hasGarbage).toBe(false);
  });

  test('an element that two owners want goes to the first by name, and to the other when that leaves', () => {
    const model = new TableModel('ip t');
    expect(step(model, { b: fragment({ elements: { k: 'B' } }) })).toEqual(['add element map { k : B }']);
    expect(step(model, { c: fragment({ elements: { k: 'C' } }) })).toEqual([]);
    expect(step(model, { a: fragment({ elements: { k: 'A' } }) })).toEqual([
      'delete element map { k }',
      'add element map { k : A }',
    ]);
    expect(step(model, { a: undefined, c: undefined })).toEqual([
      'delete element map { k }',
      'add element map { k : B }',
    ]);
    expect(step(model, { b: undefined })).toEqual(['delete element map { k }']);
  });

  test('what was not committed is planned again', () => {
    const model = new TableModel('ip t');
    const changes = new Map([['a', fragment({ chains: { c: ['r'] } })]]);
    expect(model.plan(changes).text).toBe(model.plan(changes).text);
  });

  test('replacing keeps what clients are remembered by and clears all else', () => {
    const model = new TableModel('ip t');
    const changes = new Map([['a', fragment({ chains: { c: ['r'] }, sets: ['s'] })]]);
    const existing = {
      chains: ['c', 'old'],
      sets: [
        { kind: 'set', name: 's' },
        { kind: 'map', name: 'm' },
      ],
    } as const;
    const plan = model.replace(changes, existing);
    expect(plan.text.trimEnd().split('\n')).toEqual([
      'add table ip t',
      'flush table ip t',
      'flush map ip t m',
      'add set ip t s { type t; }',
      'add chain ip t c',
      'add rule ip t c r',
    ]);
    plan.commit();
    expect(step(model, {})).toEqual(['delete chain old', 'delete map m']);
  });
});
