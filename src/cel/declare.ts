/** Functions written down as tables: an overload's id and signature beside what computes it. */
import type { FunctionDeclaration, Implementation, Overload } from './environment.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  opaqueType,
  optionalOf,
  paramType,
  STRING,
  structType,
  TIMESTAMP,
  TYPE,
  typeOf,
  UINT,
} from './types.ts';
import type { Value } from './values.ts';

/** Any computation; its parameters are of the types its signature declares, which the planner sees to. */
type Computation = (...args: never[]) => Value;

/**
 * A function. The keys of `overloads` are an id and a signature: 'contains_string string.(string) bool' is called on its
 * first argument, 'size_string (string) int' is not. `all` computes every overload that has nothing of its own.
 */
export function declare(
  name: string,
  overloads: Readonly<Record<string, Computation | undefined>>,
  all?: Computation,
): FunctionDeclaration {
  const made = Object.entries(overloads).map(([key, own]): Overload => {
    const match = /^(\S+) (?:(.+)\.)?\((.*)\) (.+)$/.exec(key);
    if (!match) throw new Error(`not a signature: ${key}`);
    const [, id = '', receiver, params = '', result = ''] = match;
    const args = params === '' ? [] : splitTypes(params).map(readType);
    const member = receiver !== undefined;
    const types = member ? [readType(receiver), ...args] : args;
    return { id, member, args: types, result: readType(result), ...(own && { implementation: guarded(own) }) };
  });
  return { name, overloads: made, ...(all && { implementation: guarded(all) }) };
}

// The arguments were held against the declared types (or, by operators, are looked at) before a computation sees them.
const guarded = (computation: Computation): Implementation => computation as Implementation;

const simple: Readonly<Record<string, CelType>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: DURATION,
  dyn: DYN,
  int: INT,
  string: STRING,
  timestamp: TIMESTAMP,
  type: TYPE,
  uint: UINT,
};

/** A type as signatures write it: `map(K, list(V))`. Single capitals are parameters. */
export function readType(text: string): CelType {
  const known = simple[text];
  if (known) return known;
  if (/^[A-Z]$/.test(text)) return paramType(text);
  const open = text.indexOf('(');
  if (open < 0) return text.startsWith('net.') ? opaqueType(text) : structType(text);
  const params = splitTypes(text.slice(open + 1, -1)).map(readType);
  const [first = DYN, second = DYN] = params;
  switch (text.slice(0, open)) {
    case 'list':
      return listOf(first);
    case 'map':
      return mapOf(first, second);
    case 'optional':
      return optionalOf(first);
    case 'type':
      return typeOf(first);
    default:
      throw new Error(`not a type: ${text}`);
  }
}

/** Splits at the commas that are in no parentheses. */
function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}
