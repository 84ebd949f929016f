/** Defaults must be values of their schemas. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting */
import { DecodeError } from '../../../schema/decode.ts';
import { aggregate, type FieldError, fieldErrors, type Path } from '../../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { sorted } from '../../validation/go-value.ts';
import { evaluateNow } from './evaluate.ts';
import { CoerceError, coerceEmbedded, coerceMetadata, embeddedProblems } from './object-meta.ts';
import { Outcome } from './outcome.ts';
import { pruneObject, pruneValue } from './pruning.ts';
import { ruleTree } from './rules.ts';
import type { Structural } from './structural.ts';
import { compileCheck } from './validator.ts';

/** Puts a value where it would stand in an object. */
type Surround = (value: unknown) => unknown;

interface Options {
  /** Defaults may have no fields that would be pruned. */
  readonly pruned: boolean;
}

/** Complaints about all defaults of a structural schema. */
export function defaultProblems(root: Structural, path: Path, options: Options): FieldError[] {
  const found: FieldError[] = [];
  const top = { ...root, embedded: true, below: { ...root.below, embedded: true } };
  visit(top, undefined, (value) => value, false, path, options, found);
  return found;
}

function visit(
  node: Structural,
  root: Structural | undefined,
  surround: Surround,
  insideMeta: boolean,
  path: Path,
  options: Options,
  found: FieldError[],
): void {
  const isRoot = node.embedded || !root;
  const inside = insideMeta && !node.embedded;
  const around: Surround = node.embedded ? (value) => value : surround;
  const top = isRoot ? node : root;
  if (node.default !== undefined) {
    const at = path.child('default');
    if (inside) checkWithinMetadata(node, withTypeMeta(around(node.default)), at, found);
    else checkDefault(node, at, options, found);
  }
  if (!node.below.defaults) return;
  const next = (child: Structural, wrap: Surround, meta: boolean, where: Path) =>
    visit(child, top, (value) => around(wrap(value)), meta, where, options, found);
  if (node.items) next(node.items, (value) => [value], inside, path.child('items'));
  for (const [name, property] of node.properties) {
    const meta = inside || (node.embedded && (name === 'metadata' || name === 'apiVersion' || name === 'kind'));
    next(property, (value) => ({ [name]: value }), meta, path.child('properties').key(name));
  }
}

const withTypeMeta = (value: unknown): JsonObject => ({
  kind: 'Validation',
  apiVersion: 'validation/v1',
  ...(isJsonObject(value) && value),
});

/** A default within the metadata of an object: the metadata it makes must be good. */
function checkWithinMetadata(node: Structural, object: JsonObject, at: Path, found: FieldError[]): void {
  const complain = (why: string) =>
    found.push(fieldErrors.invalid(at, sorted(node.default), `must result in valid metadata: ${why}`));
  try {
    const { metadata } = object;
    if (metadata !== undefined) coerceMetadata(metadata, 'metadata', { dropInvalid: false });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    complain(`metadata: Invalid value: ${JSON.stringify(sorted(object.metadata))}: ${error.message}`);
    return;
  }
  const bare: Structural = { ...node, properties: new Map(), additional: undefined, items: undefined, embedded: true };
  const problems = embeddedProblems(object, { ...bare, below: { ...bare.below, embedded: true } });
  if (problems.length > 0) complain(aggregate(problems));
  else checkValue(node, at, found);
}

function checkDefault(node: Structural, at: Path, { pruned }: Options, found: FieldError[]): void {
  const value = node.default;
  if (pruned) {
    const kept = node.embedded && isJsonObject(value) ? pruneObject(value, node) : pruneValue(value, node);
    if (kept !== value) found.push(fieldErrors.invalid(at, sorted(value), 'must not have unknown fields'));
  }
  try {
    coerceEmbedded(value, node, { dropInvalid: false });
  } catch (error) {
    if (!(error instanceof CoerceError)) throw error;
    found.push({ ...error.problem, field: join(at, error.problem.field) });
    return;
  }
  const problems = isJsonObject(value) ? embeddedProblems(value, node) : [];
  if (problems.length > 0) found.push(...problems.map((problem) => ({ ...problem, field: join(at, problem.field) })));
  else checkValue(node, at, found);
}

const join = (path: Path, field: string): string => (field === '<nil>' ? path.toString() : `${path}.${field}`);

/** The value itself, and then its rules, as if it had always been so and as if it were new. */
function checkValue(node: Structural, at: Path, found: FieldError[]): void {
  const outcome = new Outcome();
  compileCheck(node.schema)(node.default, '', outcome, undefined);
  if (outcome.problems.length > 0) {
    found.push(...outcome.problems.map((problem) => problem.at(at)));
    return;
  }
  const tree = ruleTree(node, node.embedded);
  if (!tree) return;
  const value = node.default;
  const same = evaluateNow(tree, value, value, at);
  found.push(...(same.length > 0 ? same : evaluateNow(tree, value, undefined, at)));
}

/** Whether any default of the schema has fields that would be pruned. */
export function hasUnprunedDefaults(node: Structural): boolean {
  const value = node.default;
  if (value !== undefined && pruneValue(value, node) !== value) return true;
  const children = [...node.properties.values(), node.items, node.additional];
  return children.some((child) => child !== undefined && hasUnprunedDefaults(child));
}
