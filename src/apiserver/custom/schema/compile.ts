/**
 * A definition's schema, compiled once for each of its versions: what objects of the version go through. All of it is
 * pure; objects are never changed, results share what could stay. Start reading here.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
import { model } from '../../../api/model.ts';
import { type FieldError, type FieldErrorType, fieldErrors, Path } from '../../../schema/field-error.ts';
import type { JsonObject } from '../../../schema/json.ts';
import type { ObjectSchema } from '../../../schema/model.ts';
import { Correlated } from './correlation.ts';
import { applyDefaults, dropNulls } from './defaulting.ts';
import { evaluateRules, type Warn } from './evaluate.ts';
import { listTypeProblems } from './list-types.ts';
import { toModel } from './model.ts';
import { coerceEmbedded, coerceMetadata, embeddedProblems } from './object-meta.ts';
import { Outcome } from './outcome.ts';
import { pruneObject } from './pruning.ts';
import { type RuleTree, ruleTree } from './rules.ts';
import { type JsonSchema, type Structural, structuralOf } from './structural.ts';
import { type Check, compileCheck } from './validator.ts';

export interface ReadOptions {
  /** Of objects from storage, metadata of a wrong type is dropped; of requests it is an error. */
  readonly stored: boolean;
  /** Gets the paths of fields that were dropped because the schema does not have them: `unknown field "spec.x"`. */
  readonly unknown?: string[];
}

type Problems = readonly FieldError[];

/** What is wrong with an object: at once, but for rules that take long. */
export type Found = readonly FieldError[] | Promise<readonly FieldError[]>;

export class CompiledSchema {
  readonly root: Structural | undefined;
  /** For apply and strict decoding. */
  readonly model: ObjectSchema;
  readonly #preserves: boolean;
  readonly #check: Check | undefined;
  readonly #checkStatus: Check | undefined;
  #tree: { readonly of: RuleTree | undefined } | undefined;

  /** `name`: of the type, as in "example.com/v1.Widget"; `preserves`: the definition keeps unknown fields everywhere. */
  constructor(schema: JsonSchema | undefined, name: string, preserves: boolean) {
    this.root = schema && structuralOf(schema);
    this.model = toModel(preserves ? undefined : this.root, name, model.type('meta/v1.ObjectMeta'));
    this.#preserves = preserves;
    this.#check = schema && compileCheck(schema);
    const status = schema?.properties?.status;
    this.#checkStatus = status && compileCheck(status);
  }

  /**
   * An object of the kind as it is used: metadata that is ObjectMeta, without unknown fields and nulls that are none, with
   * defaults. Throws DecodeError about its metadata, CoerceError about that of objects within it.
   */
  read(object: JsonObject, options: ReadOptions): JsonObject {
    const { unknown } = options;
    const coercion = { dropInvalid: options.stored, ...(unknown && { unknown }) };
    const hasMetadata = Object.hasOwn(object, 'metadata');
    const metadata = hasMetadata ? coerceMetadata(object.metadata, 'metadata', coercion) : undefined;
    let out = object;
    if (!this.#preserves) {
      const pruned: string[] = [];
      out = dropNulls(pruneObject(out, this.root, unknown && pruned), this.root);
      unknown?.push(...pruned.sort());
    }
    out = coerceEmbedded(out, this.root, coercion);
    const { apiVersion, kind } = object;
    const meta = {
      ...(apiVersion !== undefined && { apiVersion }),
      ...(kind !== undefined && { kind }),
      ...(metadata && { metadata }),
    };
    return applyDefaults({ ...out, ...meta }, this.root);
  }

  /** What is wrong with a new object, but for its own metadata: `before` tells what is wrong with that. */
  validateCreate(object: JsonObject, before: Problems = []): Found {
    if (!this.root) return [];
    const found = problems(this.#check, object, Path.root, undefined);
    found.push(...embeddedProblems(object, this.root), ...listTypeProblems(object, this.root));
    return this.#withRules(found, before, object, undefined, () => {});
  }

  /** The same for an update: what was wrong before and did not change may stay; of rules so broken `warn` is told. */
  validateUpdate(object: JsonObject, old: JsonObject, warn: Warn, before: Problems = []): Found {
    const { root } = this;
    if (!root) return [];
    const correlated = new Correlated(object, old, root);
    const found = problems(this.#check, object, Path.root, correlated);
    found.push(...embeddedProblems(object, root));
    if (listTypeProblems(old, root).length === 0) found.push(...listTypeProblems(object, root));
    return this.#withRules(found, before, object, correlated, warn);
  }

  /** The same for an update through the status subresource. */
  validateStatusUpdate(object: JsonObject, old: JsonObject, warn: Warn, before: Problems = []): Found {
    const { root } = this;
    if (!root) return [];
    const correlated = new Correlated(object, old, root);
    const found: FieldError[] = [];
    if (this.#checkStatus && Object.hasOwn(object, 'status')) {
      found.push(...problems(this.#checkStatus, object.status, Path.of('status'), correlated.key('status')));
    }
    if (listTypeProblems(old, root).length === 0) found.push(...listTypeProblems(object, root));
    return this.#withRules(found, before, object, correlated, warn);
  }

  /** Rules are compiled when the first object comes. */
  get #rules(): RuleTree | undefined {
    this.#tree ??= { of: this.root && ruleTree(this.root, true) };
    return this.#tree.of;
  }

  /** Rules are not evaluated on objects that may not have the shape they expect. */
  #withRules(
    found: FieldError[],
    before: Problems,
    object: JsonObject,
    correlated: Correlated | undefined,
    warn: Warn,
  ): Found {
    const tree = this.#rules;
    if (!tree) return found;
    if (found.some(blocks) || before.some(blocks)) return [...found, notChecked];
    const broken = evaluateRules(tree, object, correlated?.old, Path.root, correlated, warn);
    return broken instanceof Promise ? broken.then((late) => [...found, ...late]) : [...found, ...broken];
  }
}

const blocking: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

const blocks = ({ type }: FieldError): boolean => blocking.has(type);

const notChecked = fieldErrors.invalid(
  Path.root,
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function problems(check: Check | undefined, value: unknown, base: Path, old: Correlated | undefined): FieldError[] {
  if (!check) return [];
  const outcome = new Outcome();
  check(value, '', outcome, old);
  if (outcome.problems.length === 0 || old?.unchanged) return [];
  return outcome.problems.map((problem) => problem.at(base));
}

/** Compiles a schema; see CompiledSchema. */
export const compileSchema = (schema: JsonSchema | undefined, name: string, preserves = false): CompiledSchema =>
  new CompiledSchema(schema, name, preserves);
