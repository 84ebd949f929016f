import { children, type Expr } from '../../../cel/ast.ts';
import type { Environment } from '../../../cel/environment.ts';
import { kubernetesEnvironment } from '../../../cel/kubernetes.ts';
import { objectType } from '../../../cel/object-types.ts';
import { compile, type Program } from '../../../cel/program.ts';
import { DYN, mapOf, STRING, structType } from '../../../cel/types.ts';
import { CelDouble, CelError, CelList, CelMap, type Value } from '../../../cel/values.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { TokenError } from '../token.ts';

/** An expression over `claims` or `user`, ready to run. */
export interface Expression {
  readonly source: string;
  readonly program: Program;
}

/**
 * The environments of KEP-3331: claims are a map of what the token has; user is authentication.k8s.io/v1 UserInfo.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
 */
const environments: Readonly<Record<'claims' | 'user', Environment>> = {
  claims: kubernetesEnvironment.extend({ variables: { claims: mapOf(STRING, DYN) } }),
  user: kubernetesEnvironment.extend({
    variables: { user: structType('kubernetes.UserInfo') },
    objects: [
      objectType('kubernetes.UserInfo', {
        username: 'string',
        uid: 'string',
        groups: 'list(string)',
        extra: 'map(string, list(string))',
      }),
    ],
  }),
};

/** The expression, or what is wrong with it. */
export function compileExpression(
  source: string,
  over: 'claims' | 'user',
  mustBeBool: boolean,
): Expression | { readonly problem: string } {
  const compiled = compile(source, environments[over]);
  if ('issues' in compiled) return { problem: `compilation failed: ${compiled.issues}` };
  const { program } = compiled;
  if (mustBeBool && program.ast.type.kind !== 'bool') return { problem: 'must evaluate to bool' };
  return { source, program };
}

/** Runs an expression. Throws a TokenError that begins with `prefix` where it fails. */
export function evaluate({ source, program }: Expression, variable: Value, prefix: string): Value {
  const { value } = program.evaluate((name) => (name === 'claims' || name === 'user' ? variable : undefined));
  if (value instanceof CelError)
    throw new TokenError(`${prefix}expression '${source}' resulted in error: ${value.message}`);
  return value;
}

/**
 * Claims, or a user, as a value: numbers are doubles, as Go reads JSON. Members whose names are no identifiers are also
 * found under the escaped one (`claims.realm__dash__access`), at every depth.
 */
export function variableOf(json: unknown): Value {
  switch (typeof json) {
    case 'string':
    case 'boolean':
      return json;
    case 'number':
      return new CelDouble(json);
    default:
      if (Array.isArray(json)) return new JsonList(json);
      return isJsonObject(json) ? new JsonMap(json) : null;
  }
}

class JsonMap extends CelMap {
  readonly #json: JsonObject;
  constructor(json: JsonObject) {
    super();
    this.#json = json;
  }
  override get size(): number {
    return this.keys().length;
  }
  override get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const name = unescaped(key);
    return Object.hasOwn(this.#json, name) ? variableOf(this.#json[name]) : undefined;
  }
  override keys(): readonly string[] {
    return Object.keys(this.#json);
  }
}

class JsonList extends CelList {
  readonly #json: readonly unknown[];
  constructor(json: readonly unknown[]) {
    super();
    this.#json = json;
  }
  override get size(): number {
    return this.#json.length;
  }
  override at(index: number): Value {
    return variableOf(this.#json[index]);
  }
}

const words: Readonly<Record<string, string>> = {
  __underscores__: '__',
  __dot__: '.',
  __dash__: '-',
  __slash__: '/',
};

/** The name that an escaped one stands for; itself for all others. */
function unescaped(name: string): string {
  if (!name.includes('__')) return name;
  const reserved = /^__([a-z]+)__$/.exec(name);
  const marked = name.replace(/__(?:underscores|dot|dash|slash)__/g, (part) => words[part] ?? part);
  if (marked !== name) return marked;
  return reserved?.[1] !== undefined && reservedWords.has(reserved[1]) ? reserved[1] : name;
}

const reservedWords: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** Whether an expression reads a member of the claims by its name. */
export function readsClaim({ program }: Expression, claim: string): boolean {
  const reads = (expr: Expr): boolean => {
    if (expr.kind === 'select' && expr.field === claim && isClaims(expr.operand)) return true;
    if (expr.kind === 'call' && expr.function === '_?._') {
      const [operand, field] = expr.args;
      if (operand && isClaims(operand) && field?.kind === 'literal' && field.value === claim) return true;
    }
    return children(expr).some(reads);
  };
  return reads(program.ast.expr);
}

const isClaims = (expr: Expr): boolean => expr.kind === 'ident' && expr.name === 'claims';

/** A string, or a list of them, as a list; empty ones are left out. */
export function stringList(value: Value, prefix: string): string[] {
  const wrong = () => new TokenError(`${prefix}expression must return a string or a list of strings`);
  if (value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (!(value instanceof CelList)) throw wrong();
  const texts: string[] = [];
  for (let i = 0; i < value.size; i++) {
    const element = value.at(i);
    if (typeof element !== 'string') throw wrong();
    if (element !== '') texts.push(element);
  }
  return texts;
}
