/**
 * What expressions of admission may speak of: the object and the one before, the request, its namespace, a policy's
 * parameters and variables, and questions to the authorizer.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
import { AUTHORIZER_TYPE, authorizerTypes } from './authorizer.ts';
import { declare } from './declare.ts';
import type { Environment, ObjectType } from './environment.ts';
import { kubernetesEnvironment } from './kubernetes.ts';
import { objectOfTypes, objectType } from './object-types.ts';
import { type Compiled, compile, type Program } from './program.ts';
import { type CelType, DYN, declaredTypeName, sameType, structType } from './types.ts';

const groupVersion = { group: 'string', version: 'string' };

/** https://kubernetes.io/docs/reference/config-api/apiserver-admission.v1/, and core/v1 Namespace. */
const objects: readonly ObjectType[] = [
  objectType('kubernetes.GroupVersionKind', { ...groupVersion, kind: 'string' }),
  objectType('kubernetes.GroupVersionResource', { ...groupVersion, resource: 'string' }),
  objectType('kubernetes.UserInfo', {
    username: 'string',
    uid: 'string',
    groups: 'list(string)',
    extra: 'map(string, list(string))',
  }),
  objectType('kubernetes.AdmissionRequest', {
    kind: 'kubernetes.GroupVersionKind',
    resource: 'kubernetes.GroupVersionResource',
    subResource: 'string',
    requestKind: 'kubernetes.GroupVersionKind',
    requestResource: 'kubernetes.GroupVersionResource',
    requestSubResource: 'string',
    name: 'string',
    __namespace__: 'string',
    namespace: 'string',
    operation: 'string',
    userInfo: 'kubernetes.UserInfo',
    dryRun: 'bool',
    options: 'dyn',
  }),
  objectType('kubernetes.NamespaceSpec', { finalizers: 'list(string)' }),
  objectType('kubernetes.NamespaceCondition', {
    status: 'string',
    type: 'string',
    lastTransitionTime: 'timestamp',
    message: 'string',
    reason: 'string',
  }),
  objectType('kubernetes.NamespaceStatus', { conditions: 'list(kubernetes.NamespaceCondition)', phase: 'string' }),
  objectType('kubernetes.NamespaceMetadata', {
    name: 'string',
    generateName: 'string',
    namespace: 'string',
    __namespace__: 'string',
    labels: 'map(string, string)',
    annotations: 'map(string, string)',
    UID: 'string',
    creationTimestamp: 'timestamp',
    deletionGracePeriodSeconds: 'int',
    deletionTimestamp: 'timestamp',
    generation: 'int',
    resourceVersion: 'string',
    finalizers: 'list(string)',
  }),
  objectType('kubernetes.Namespace', {
    metadata: 'kubernetes.NamespaceMetadata',
    spec: 'kubernetes.NamespaceSpec',
    status: 'kubernetes.NamespaceStatus',
  }),
];

export interface AdmissionScope {
  readonly params?: boolean;
  readonly authorizer?: boolean;
  /** The types that patches are written in: Object, Object.spec ..., JSONPatch. */
  readonly patchTypes?: boolean;
}

const VARIABLES = 'kubernetes.variables';
const environments = new Map<string, Environment>();

/** The environment of a scope; there are eight. */
function environmentOf(scope: AdmissionScope): Environment {
  const key = [scope.params, scope.authorizer, scope.patchTypes].map(Boolean).join();
  const known = environments.get(key);
  if (known) return known;
  const resourceCheck = authorizerTypes.find(({ name }) => name.endsWith('.ResourceCheck')) ?? DYN;
  const made = kubernetesEnvironment.extend({
    objects,
    variables: {
      object: DYN,
      oldObject: DYN,
      namespaceObject: structType('kubernetes.Namespace'),
      request: structType('kubernetes.AdmissionRequest'),
      ...(scope.params && { params: DYN }),
      ...(scope.authorizer && { authorizer: AUTHORIZER_TYPE, 'authorizer.requestResource': resourceCheck }),
    },
    ...(scope.patchTypes && { resolve: patchType, functions: patchFunctions }),
  });
  environments.set(key, made);
  return made;
}

/** Types that an object is put together from without a schema: any field of any type. */
function patchType(name: string): ObjectType | undefined {
  if (name === 'JSONPatch') return jsonPatch;
  return name === 'Object' || name.startsWith('Object.') ? { name, field: () => DYN } : undefined;
}

const jsonPatch = objectType('JSONPatch', { op: 'string', path: 'string', from: 'string', value: 'dyn' });

const patchFunctions = [
  declare('jsonpatch.escapeKey', {
    'string_jsonpatch_escapeKey_string (string) string': (key: string) =>
      key.replaceAll('~', '~0').replaceAll('/', '~1'),
  }),
];

/** An expression compiled for what it is to answer, or why not: the detail of a complaint. */
export type Condition = { readonly program: Program } | { readonly problem: string };

/** Compiles the expressions of one policy: each of its variables may use those before. */
export class AdmissionCompiler {
  readonly #variables = new Map<string, CelType>();
  readonly #composed: boolean;

  constructor(composed: boolean) {
    this.#composed = composed;
  }

  /** `types`: what it may evaluate to; none for anything. */
  condition(expression: string, scope: AdmissionScope, types: readonly CelType[]): Condition {
    const compiled = this.#compile(expression, scope);
    if ('issues' in compiled) return { problem: `compilation failed: ${compiled.issues}` };
    const { type } = compiled.program.ast;
    if (types.length === 0 || types.some((wanted) => sameType(wanted, type))) return compiled;
    const [first = DYN] = types;
    const wanted = types.length === 1 ? declaredTypeName(first) : `one of [${types.map(declaredTypeName).join(' ')}]`;
    return { problem: `must evaluate to ${wanted} but got ${declaredTypeName(type)}` };
  }

  /** Compiles a variable, and makes it known to what follows, as dyn where it does not compile. */
  variable(name: string, expression: string, scope: AdmissionScope): Condition {
    const condition = this.condition(expression, scope, []);
    const type = 'program' in condition ? condition.program.ast.type : DYN;
    this.#variables.set(name, variableType(type));
    return condition;
  }

  #compile(expression: string, scope: AdmissionScope): Compiled {
    const env = environmentOf(scope);
    if (!this.#composed) return compile(expression, env);
    const composed = env.extend({
      objects: [objectOfTypes(VARIABLES, this.#variables)],
      variables: { variables: structType(VARIABLES) },
    });
    return compile(expression, composed);
  }
}

/** The types of what a policy sees, where schemas say them. */
export interface TypedScope {
  /** Of the object and the one before. */
  readonly object: CelType;
  /** Of the parameters, where the policy has some. */
  readonly params?: CelType;
  /** The object types that these name. */
  readonly resolve: (name: string) => ObjectType | undefined;
}

/** Checks expressions of one policy against the types of what it will see; they are not to run. */
export class TypeChecker {
  readonly #env: Environment;
  readonly #variables = new Map<string, CelType>();

  constructor({ object, params, resolve }: TypedScope) {
    this.#env = kubernetesEnvironment.extend({
      objects,
      resolve,
      variables: {
        object,
        oldObject: object,
        namespaceObject: structType('kubernetes.Namespace'),
        request: structType('kubernetes.AdmissionRequest'),
        authorizer: AUTHORIZER_TYPE,
        ...(params && { params }),
      },
    });
  }

  /** Makes a variable known to what follows, as dyn where it is not well typed. */
  variable(name: string, expression: string): void {
    const compiled = this.#compile(expression);
    this.#variables.set(name, 'program' in compiled ? variableType(compiled.program.ast.type) : DYN);
  }

  /** What is wrong with an expression, as compilers say it. */
  issues(expression: string): string | undefined {
    const compiled = this.#compile(expression);
    return 'issues' in compiled ? compiled.issues : undefined;
  }

  #compile(expression: string): Compiled {
    const composed = this.#env.extend({
      objects: [objectOfTypes(VARIABLES, this.#variables)],
      variables: { variables: structType(VARIABLES) },
    });
    return compile(expression, composed);
  }
}

const plain = new Set(['bool', 'bytes', 'double', 'duration', 'int', 'null', 'string', 'timestamp', 'uint']);

/** Objects and optionals lose their types when they are put into a variable. */
function variableType(type: CelType): CelType {
  if (type.kind === 'list' || type.kind === 'map') return { ...type, params: type.params.map(variableType) };
  return plain.has(type.kind) ? type : DYN;
}

export const JSON_PATCH_TYPE = structType('JSONPatch');
export const OBJECT_TYPE = structType('Object');
