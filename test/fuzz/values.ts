import { isJsonObject, type JsonObject, setOwn } from '../../src/schema/json.ts';
import type { Chance } from './chance.ts';

/** Keys that mean something to JavaScript, to Kubernetes or to a file system, where a program is careless. */
export const keys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'toJSON',
  'then',
  'length',
  '',
  '0',
  'a/b',
  '~1~0',
  '..',
  'a\u0000b',
  'Ü世界😀',
  'x'.repeat(300),
  '$patch',
  '$setElementOrder/containers',
  '$retainKeys',
  '$deleteFromPrimitiveList/finalizers',
  'managedFields',
  'f:metadata',
  'name',
  'metadata',
  'spec',
];

const numbers = [0, -1, 1, 1.5, -0, 1e21, 1e308, 2147483647, 2147483648, -2147483649, 9007199254740992, 65536, 1e-320];

const strings = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e',
  'Ü世界😀',
  '../../etc/passwd',
  '%00%2f',
  '$(NAME)',
  'null',
  'true',
  '0',
  '1e999',
  '99999999999999999999999999999999Gi',
  '-1',
  '1/0',
  '(a+)+$',
  "self.x.all(y, y.all(z, z == '1'))",
  '2020-13-45T99:99:99Z',
  '9999-12-31T23:59:60Z',
  '* * * * * *',
  'P1Y',
  '::1',
  '300.1.1.1',
  '10.0.0.0/33',
  'a=b,c!=d,e in (f,g),!h',
  'merge',
  'delete',
  'replace',
  'x'.repeat(5000),
  'A'.repeat(64),
];

/** Anything that JSON can say, small. */
export function anything(chance: Chance, depth = 0): unknown {
  switch (chance.below(depth > 3 ? 5 : 9)) {
    case 0:
      return null;
    case 1:
      return chance.oneIn(2);
    case 2:
      return chance.pick(numbers);
    case 3:
    case 4:
      return chance.pick(strings);
    case 5:
      return Array.from({ length: chance.below(4) }, () => anything(chance, depth + 1));
    case 6:
      return nested(chance, chance.pick([3, 30, 300, 1500]));
    default: {
      const out: JsonObject = {};
      for (let n = chance.below(4); n > 0; n--) setOwn(out, chance.pick(keys), anything(chance, depth + 1));
      return out;
    }
  }
}

function nested(chance: Chance, depth: number): unknown {
  let value: unknown = 1;
  const key = chance.oneIn(2) ? 'a' : undefined;
  for (let n = 0; n < depth; n++) value = key === undefined ? [value] : { [key]: value };
  return value;
}

/** Numbers of things that controllers would go and make. */
const counts = new Set(['replicas', 'parallelism', 'completions', 'minReplicas', 'maxReplicas']);

/** structuredClone gives up where JSON is nested deep. */
const clone = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** A copy of `value` in which one thing, somewhere, is another. */
export function mutate(chance: Chance, value: unknown): unknown {
  if (value === undefined) return anything(chance);
  const copy = clone(value);
  const places: { readonly of: JsonObject | unknown[]; readonly key: string | number }[] = [];
  const walk = (at: unknown) => {
    if (Array.isArray(at)) {
      for (const [key, child] of at.entries()) {
        places.push({ of: at, key });
        walk(child);
      }
    } else if (isJsonObject(at)) {
      for (const [key, child] of Object.entries(at)) {
        places.push({ of: at, key });
        walk(child);
      }
    }
  };
  walk(copy);
  if (places.length === 0) return anything(chance);
  const { of, key } = chance.pick(places);
  if (Array.isArray(of)) {
    const at = Number(key);
    switch (chance.below(5)) {
      case 0:
        of.splice(at, 1);
        break;
      case 1:
        of.push(clone(of[at]));
        break;
      case 2:
        of[at] = mutate(chance, of[at]);
        break;
      case 3:
        for (let n = chance.pick([10, 200]); n > 0; n--) of.push(clone(of[at]));
        break;
      default:
        of[at] = anything(chance);
    }
    return copy;
  }
  const name = String(key);
  switch (chance.below(6)) {
    case 0:
      delete of[name];
      break;
    case 1:
      setOwn(of, chance.pick(keys), of[name]);
      break;
    case 2:
      setOwn(of, chance.pick(keys), anything(chance));
      break;
    case 3:
      of[name] = [of[name]];
      break;
    default:
      of[name] = anything(chance);
  }
  if (counts.has(name) && typeof of[name] === 'number') of[name] = Math.min(3, of[name]);
  return copy;
}
