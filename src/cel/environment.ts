/** What an expression may speak of: variables, functions, types of objects, macros. */
import type { MacroNames } from './macros.ts';
import type { CelType } from './types.ts';
import type { Value } from './values.ts';

/** Computes a call. The arguments are never errors; the answer may be one (a CelError). */
export type Implementation = (...args: Value[]) => Value;

/** One signature of a function. */
export interface Overload {
  /** Names it in the rules of cost. */
  readonly id: string;
  /** Whether it is called on its first argument: `text.contains(part)`. */
  readonly member: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
  /** Called with arguments of the declared types only. */
  readonly implementation?: Implementation;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
  /** One for all overloads: it looks at its arguments' types by itself. Operators the planner knows have none at all. */
  readonly implementation?: Implementation;
}

/** An object type: its fields, by their (escaped) names. */
export interface ObjectType {
  readonly name: string;
  field(name: string): CelType | undefined;
}

export interface EnvironmentOptions {
  readonly functions?: readonly FunctionDeclaration[];
  readonly variables?: Readonly<Record<string, CelType>>;
  readonly objects?: readonly ObjectType[];
  /** Object types made up by their names, such as `Object.spec`. */
  readonly resolve?: (name: string) => ObjectType | undefined;
  /** Types by the names that stand for them: `kubernetes.URL`, `null_type`. */
  readonly types?: Readonly<Record<string, CelType>>;
  readonly macros?: readonly string[];
}

/** Immutable; `extend` gives a new one. */
export class Environment {
  readonly #functions: ReadonlyMap<string, FunctionDeclaration>;
  readonly #variables: ReadonlyMap<string, CelType>;
  readonly #objects: ReadonlyMap<string, ObjectType>;
  readonly #types: ReadonlyMap<string, CelType>;
  readonly #resolve: ((name: string) => ObjectType | undefined) | undefined;
  readonly macros: MacroNames;

  constructor(options: EnvironmentOptions = {}, base?: Environment) {
    const functions = new Map(base ? base.#functions : []);
    for (const added of options.functions ?? []) {
      const known = functions.get(added.name);
      const overloads = [...(known?.overloads ?? []), ...added.overloads];
      functions.set(added.name, { ...known, ...added, overloads });
    }
    this.#functions = functions;
    this.#variables = new Map([...(base ? base.#variables : []), ...Object.entries(options.variables ?? {})]);
    const objects = (options.objects ?? []).map((object) => [object.name, object] as const);
    this.#objects = new Map([...(base ? base.#objects : []), ...objects]);
    this.#resolve = options.resolve ?? (base ? base.#resolve : undefined);
    this.#types = new Map([...(base ? base.#types : []), ...Object.entries(options.types ?? {})]);
    this.macros = new Set([...(base?.macros ?? []), ...(options.macros ?? [])]);
  }

  extend(options: EnvironmentOptions): Environment {
    return new Environment(options, this);
  }

  variable(name: string): CelType | undefined {
    return this.#variables.get(name);
  }

  /** The type a name stands for, as in `type(x) == int`. */
  typeNamed(name: string): CelType | undefined {
    return this.#types.get(name) ?? (this.object(name) ? { kind: 'struct', name, params: [] } : undefined);
  }

  object(name: string): ObjectType | undefined {
    return this.#objects.get(name) ?? this.#resolve?.(name);
  }

  function(name: string): FunctionDeclaration | undefined {
    return this.#functions.get(name);
  }
}
