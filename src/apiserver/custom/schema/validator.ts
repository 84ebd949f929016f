/**
 * Holds values against schemas, as OpenAPI means them and in the words of Kubernetes' validator. A schema is compiled
 * into checks once; checking a value that is good allocates next to nothing.
 */
import { compileRegExp } from '../../../cel/regexp.ts';
import { CelError } from '../../../cel/values.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { fieldErrors } from '../../../schema/field-error.ts';
import { isInt64, isWhole } from '../../../schema/go-number.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { quote } from '../../../schema/quote.ts';
import { sorted } from '../../validation/go-value.ts';
import type { Correlated } from './correlation.ts';
import { formatCheck, knownFormat } from './formats.ts';
import { numberCheck } from './numbers.ts';
import { invalid, Outcome, type Problem, place, typeProblem, unplaced } from './outcome.ts';
import { isSchema, type JsonSchema } from './structural.ts';

/** Checks a value at a path ("spec.rules[0]"). With an old value, problems of what did not change are passed over. */
export type Check = (value: unknown, path: string, out: Outcome, old: Correlated | undefined) => void;

/** Compiles a schema. It must not refer to others. */
export function compileCheck(schema: JsonSchema): Check {
  const type = typeCheck(schema);
  const junctors = junctorCheck(schema);
  const string = stringCheck(schema);
  const number = numberCheck(schema);
  const list = listCheck(schema);
  const values = enumCheck(schema);
  const object = objectCheck(schema);
  return (value, path, out, old) => {
    type?.(value, path, out);
    if (value === null) {
      if (!type) out.matches++;
      values?.(value, path, out);
      return;
    }
    out.matches += type ? 5 : 4;
    junctors?.(value, path, out, old);
    if (typeof value === 'string') {
      out.matches += 1;
      string?.(value, path, out);
    } else if (typeof value === 'number') {
      out.matches += 2;
      number?.(value, path, out);
    } else if (Array.isArray(value)) {
      out.matches += 2;
      list?.(value, path, out, old);
    }
    values?.(value, path, out);
    if (isJsonObject(value)) {
      out.matches += 1;
      object?.(value, path, out, old);
    }
  };
}

/** Checks a part of a value; what is wrong with it does not matter where it was so before. */
function checkPart(check: Check, value: unknown, path: string, out: Outcome, old: Correlated | undefined): void {
  if (!old) {
    check(value, path, out, undefined);
    return;
  }
  const own = new Outcome();
  check(value, path, own, old);
  if (own.problems.length > 0 && old.unchanged) out.matches += own.matches;
  else out.merge(own);
}

const jsonType = (value: unknown): { readonly type: string; readonly format: string } => {
  switch (typeof value) {
    case 'string':
      return { type: 'string', format: '' };
    case 'boolean':
      return { type: 'boolean', format: '' };
    case 'number':
      return isInt64(value) ? { type: 'integer', format: 'int64' } : { type: 'number', format: 'float64' };
    default:
      return { type: Array.isArray(value) ? 'array' : 'object', format: '' };
  }
};

type SimpleCheck = (value: unknown, path: string, out: Outcome) => void;

function typeCheck(schema: JsonSchema): SimpleCheck | undefined {
  const format = knownFormat(schema);
  const types = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  if (types.length === 0 && format === '') return undefined;
  const numeric = types.includes('number') || types.includes('integer');
  const wanted = types.join(',');
  const plain = format === '' && types.length === 1 ? types[0] : '';
  return (value, path, out) => {
    if (value === null) {
      if (types.length > 0 && !schema.nullable) out.add(typeProblem(path, wanted, 'null'));
      else out.matches++;
      return;
    }
    const got = jsonType(value);
    if (got.type === plain) {
      out.matches++;
      return;
    }
    const fits =
      types.includes(got.type) ||
      (got.type === 'number' && types.includes('integer') && isWhole(value as number)) ||
      (got.type === 'integer' && types.includes('number'));
    const texty = got.type === 'string' || got.type === 'array';
    if (!texty && format !== '' && !fits && got.format !== format) out.add(typeProblem(path, format, got.format));
    else if (fits || (texty && format !== '' && !numeric)) out.matches++;
    else out.add(typeProblem(path, wanted, got.type));
  };
}

function enumCheck({ enum: values }: JsonSchema): SimpleCheck | undefined {
  if (!values || values.length === 0) return undefined;
  const texts = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(sorted(value))));
  const shown = `[${texts.join(' ')}]`;
  return (value, path, out) => {
    for (let i = 0; i < values.length; i++) if (isSame(value, values[i])) return;
    const text = `${path} in body should be one of ${shown}`;
    out.add({ text, at: (base) => fieldErrors.notSupported(place(base, path), sorted(value), texts) });
  };
}

/** Go converts a value to the type of what it compares it with: whole numbers to characters even. */
function isSame(value: unknown, allowed: unknown): boolean {
  if (typeof value === 'number') {
    if (typeof allowed === 'number') return (isInt64(allowed) ? Math.trunc(value) : value) === allowed;
    return (
      typeof allowed === 'string' &&
      isInt64(value) &&
      value >= 0 &&
      value <= 0x10ffff &&
      String.fromCodePoint(value) === allowed
    );
  }
  return value !== null && deepEqual(value, allowed);
}

function stringCheck(schema: JsonSchema): ((value: string, path: string, out: Outcome) => void) | undefined {
  const { maxLength, minLength, pattern } = schema;
  const format = knownFormat(schema);
  const isFormatted = format === '' ? undefined : formatCheck(format);
  const regexp = pattern ? compileRegExp(pattern) : undefined;
  const bounds = (value: string, path: string): Problem | undefined => {
    const length = maxLength === undefined && minLength === undefined ? 0 : lengthOf(value);
    if (maxLength !== undefined && length > maxLength) {
      const text = `${path} in body should be at most ${maxLength} chars long`;
      return { text, at: (base) => fieldErrors.tooLong(place(base, path), maxLength) };
    }
    if (minLength !== undefined && length < minLength) {
      return invalid(path, value, `${path} in body should be at least ${minLength} chars long`);
    }
    if (regexp instanceof CelError) {
      const why = `but pattern is invalid: ${regexp.message}`;
      return invalid(path, value, `${path} in body should match '${pattern}, ${why}'`);
    }
    return regexp && !regexp.test(value)
      ? invalid(path, value, `${path} in body should match '${pattern}'`)
      : undefined;
  };
  if (maxLength === undefined && minLength === undefined && !regexp && !isFormatted) return undefined;
  return (value, path, out) => {
    const problem = bounds(value, path);
    if (problem) out.add(problem);
    if (!isFormatted) return;
    out.matches++;
    if (isFormatted(value)) return;
    const text = `${path} in body must be of type ${format}: ${quote(value)}`;
    out.add({ text, at: (base) => fieldErrors.typeInvalid(place(base, path), value, text) });
  };
}

/** In characters, as Go counts them. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0xd800 && code < 0xdc00) length--;
  }
  return length;
}

function listCheck({ items, minItems, maxItems }: JsonSchema): ListCheck | undefined {
  const each = items && isSchema(items) ? compileCheck(items) : undefined;
  if (!each && minItems === undefined && maxItems === undefined) return undefined;
  return (list, path, out, old) => {
    if (each) for (let i = 0; i < list.length; i++) checkPart(each, list[i], `${path}[${i}]`, out, old?.index(i));
    if (minItems !== undefined && list.length < minItems) {
      out.add(invalid(path, list.length, `${path} in body should have at least ${minItems} items`));
    }
    if (maxItems !== undefined && list.length > maxItems) {
      const text = `${path} in body should have at most ${maxItems} items`;
      out.add({ text, at: (base) => fieldErrors.tooMany(place(base, path), list.length, maxItems) });
    }
  };
}
type ListCheck = (list: readonly unknown[], path: string, out: Outcome, old: Correlated | undefined) => void;

function objectCheck(schema: JsonSchema): ObjectCheck | undefined {
  const { minProperties, maxProperties, required = [], additionalProperties } = schema;
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    check: compileCheck(property),
    isRequired: required.includes(name),
    /** What every JavaScript object has. */
    isInherited: name in Object.prototype,
  }));
  const names = new Set(properties.map(({ name }) => name));
  const others = typeof additionalProperties === 'object' ? compileCheck(additionalProperties) : undefined;
  return (object, path, out, old) => {
    const size = minProperties === undefined && maxProperties === undefined ? 0 : Object.keys(object).length;
    if (minProperties !== undefined && size < minProperties) {
      out.add(invalid(path, size, `${path} in body should have at least ${minProperties} properties`));
    }
    if (maxProperties !== undefined && size > maxProperties) {
      const text = `${path} in body should have at most ${maxProperties} properties`;
      out.add({ text, at: (base) => fieldErrors.tooMany(place(base, path), size, maxProperties) });
    }
    if (others) {
      for (const name of Object.keys(object)) {
        if (!names.has(name)) checkPart(others, object[name], `${path}.${name}`, out, memberOld(old, path, name));
      }
    }
    let present = 0;
    for (const { name, check, isRequired, isInherited } of properties) {
      const value = isInherited && !Object.hasOwn(object, name) ? undefined : object[name];
      if (value === undefined) continue;
      if (isRequired) present++;
      checkPart(check, value, path === '' ? name : `${path}.${name}`, out, memberOld(old, path, name));
    }
    if (present === required.length) return;
    for (const name of required) {
      if (Object.hasOwn(object, name)) continue;
      const where = `${path}.${name}`;
      out.add({ text: `${where} in body is required`, at: (base) => fieldErrors.required(place(base, where)) });
    }
  };
}
type ObjectCheck = (object: JsonObject, path: string, out: Outcome, old: Correlated | undefined) => void;

/** What an object is cannot be compared with what it was: both have been converted to the same. */
const memberOld = (old: Correlated | undefined, path: string, name: string): Correlated | undefined =>
  path === '' && (name === 'apiVersion' || name === 'kind') ? undefined : old?.key(name);

/** anyOf, oneOf, allOf and not. Within them nothing is passed over for being as it was. */
function junctorCheck(schema: JsonSchema): Check | undefined {
  const compileAll = (schemas: readonly JsonSchema[] = []) => schemas.map(compileCheck);
  const [anyOf, oneOf, allOf] = [compileAll(schema.anyOf), compileAll(schema.oneOf), compileAll(schema.allOf)];
  const not = schema.not && compileCheck(schema.not);
  if (anyOf.length + oneOf.length + allOf.length === 0 && !not) return undefined;
  const run = (check: Check, value: unknown, path: string): Outcome => {
    const outcome = new Outcome();
    check(value, path, outcome, undefined);
    return outcome;
  };
  return (value, path, out) => {
    if (anyOf.length > 0) {
      const { good, best } = alternatives(anyOf, true, (check) => run(check, value, path));
      if (good.length === 0) out.add(unplaced(`${quote(path)} must validate at least one schema (anyOf)`));
      const told = good[0] ?? best;
      if (told) out.merge(told);
    }
    if (oneOf.length > 0) {
      const { good, best } = alternatives(oneOf, false, (check) => run(check, value, path));
      if (good.length !== 1) {
        const why = good.length === 0 ? 'Found none valid' : `Found ${good.length} valid alternatives`;
        out.add(unplaced(`${quote(path)} must validate one and only one schema (oneOf). ${why}`));
      }
      const told = good.length === 1 ? good[0] : best;
      if (told) out.merge(told);
    }
    if (allOf.length > 0) {
      const outcomes = allOf.map((check) => run(check, value, path));
      for (const outcome of outcomes) out.merge(outcome);
      const valid = outcomes.filter(({ problems }) => problems.length === 0).length;
      if (valid < outcomes.length) {
        out.add(
          unplaced(`${quote(path)} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`),
        );
      }
    }
    if (not && run(not, value, path).problems.length === 0) {
      out.add(unplaced(`${quote(path)} must not validate the schema (not)`));
    }
  };
}

/** The schemas that fit, and if none does the one that comes closest. */
function alternatives(
  checks: readonly Check[],
  firstOnly: boolean,
  run: (check: Check) => Outcome,
): { readonly good: readonly Outcome[]; readonly best: Outcome | undefined } {
  const good: Outcome[] = [];
  let best: Outcome | undefined;
  for (const check of checks) {
    const outcome = run(check);
    if (outcome.problems.length === 0) {
      good.push(outcome);
      best = undefined;
      if (firstOnly) break;
    } else if (good.length === 0 && (!best || outcome.matches > best.matches)) best = outcome;
  }
  return { good, best };
}
