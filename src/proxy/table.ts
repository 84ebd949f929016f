import type { Fragment } from './ruleset.ts';

/** The names in a table as the kernel has it. */
export interface TableListing {
  readonly chains: readonly string[];
  readonly sets: readonly { readonly kind: 'set' | 'map'; readonly name: string }[];
}

/** A change of the table: text for `nft -f -`, and what to call once the kernel has taken it. */
export interface Plan {
  /** "" when there is nothing to do. */
  readonly text: string;
  commit(): void;
}

interface Claim {
  readonly owner: string;
  readonly value: string;
}

/**
 * What an nftables table should hold and, as far as transactions told, does hold. Fragments belong to owners, so a
 * change costs what the change is worth, however large the table. Two owners may want the same map element with
 * different values (two services with one external address): the owner that comes first in the alphabet has it, since
 * a conflict inside a transaction would fail it for everybody.
 *
 * A chain that is no longer wanted is emptied at once and deleted by the next transaction: kernels before 6.2 refuse
 * to delete a chain in the transaction that removes the last reference to it.
 */
export class TableModel {
  readonly #prefix: string;
  #fragments = new Map<string, Fragment>();
  #claims = new Map<string, Claim[]>();
  #garbage: string[] = [];

  /** `table` as in rules: "ip skiff". */
  constructor(table: string) {
    this.#prefix = table;
  }

  /** Names wait to be deleted by the next transaction. */
  get hasGarbage(): boolean {
    return this.#garbage.length > 0;
  }

  /** The transaction that gives each owner its new fragment (undefined: none). */
  plan(changes: ReadonlyMap<string, Fragment | undefined>): Plan {
    const script = new Script(this.#prefix);
    for (const line of this.#garbage) script.line(line);
    const touched = new Map<string, Claim[]>();
    const garbage: string[] = [];
    for (const [owner, next] of changes) {
      const last = this.#fragments.get(owner);
      for (const [name, set] of next?.sets ?? []) if (!last?.sets.has(name)) script.declareSet(name, set);
      for (const [name, chain] of next?.chains ?? []) {
        const before = last?.chains.get(name);
        if (before && sameRules(before.rules, chain.rules)) continue;
        if (before) script.empty.push(name);
        else script.declareChain(name, chain.hook);
        script.fill(name, chain.rules);
      }
      for (const name of last?.chains.keys() ?? []) {
        if (next?.chains.has(name)) continue;
        script.empty.push(name);
        garbage.push(`delete chain ${this.#prefix} ${name}`);
      }
      for (const [name, set] of last?.sets ?? []) {
        if (!next?.sets.has(name)) garbage.push(`delete ${set.kind} ${this.#prefix} ${name}`);
      }
      this.#claim(touched, owner, last, next);
    }
    for (const [key, claims] of touched) script.element(key, this.#claims.get(key)?.[0]?.value, claims[0]?.value);
    return {
      text: script.text(),
      commit: () => {
        for (const [owner, next] of changes) {
          if (next) this.#fragments.set(owner, next);
          else this.#fragments.delete(owner);
        }
        for (const [key, claims] of touched) {
          if (claims.length > 0) this.#claims.set(key, claims);
          else this.#claims.delete(key);
        }
        this.#garbage = garbage;
      },
    };
  }

  /**
   * The transaction that makes the kernel's table, of which `existing` is there, hold exactly the model with `changes`.
   * Connections notice nothing: it is atomic, and sets that remember clients keep what they remember.
   */
  replace(changes: ReadonlyMap<string, Fragment | undefined>, existing: TableListing | undefined): Plan {
    const model = new TableModel(this.#prefix);
    const wanted = new Map<string, Fragment | undefined>(this.#fragments);
    for (const [owner, fragment] of changes) wanted.set(owner, fragment);
    const inner = model.plan(wanted);
    const head = [`add table ${this.#prefix}`];
    const garbage: string[] = [];
    if (existing) {
      const chains = new Set<string>();
      const sets = new Map<string, boolean>();
      for (const fragment of wanted.values()) {
        for (const name of fragment?.chains.keys() ?? []) chains.add(name);
        for (const [name, set] of fragment?.sets ?? []) sets.set(name, set.dynamic ?? false);
      }
      head.push(`flush table ${this.#prefix}`);
      for (const { kind, name } of existing.sets) {
        if (sets.get(name) !== true) head.push(`flush ${kind} ${this.#prefix} ${name}`);
      }
      for (const name of existing.chains) if (!chains.has(name)) garbage.push(`delete chain ${this.#prefix} ${name}`);
      for (const { kind, name } of existing.sets) {
        if (!sets.has(name)) garbage.push(`delete ${kind} ${this.#prefix} ${name}`);
      }
    }
    return {
      text: `${head.join('\n')}\n${inner.text}`,
      commit: () => {
        inner.commit();
        this.#fragments = model.#fragments;
        this.#claims = model.#claims;
        this.#garbage = garbage;
      },
    };
  }

  #claim(touched: Map<string, Claim[]>, owner: string, last: Fragment | undefined, next: Fragment | undefined): void {
    const change = (key: string, value: string | undefined) => {
      const claims = (touched.get(key) ?? this.#claims.get(key) ?? []).filter((claim) => claim.owner !== owner);
      if (value !== undefined) {
        claims.push({ owner, value });
        claims.sort((a, b) => (a.owner < b.owner ? -1 : 1));
      }
      touched.set(key, claims);
    };
    for (const key of last?.elements.keys() ?? []) if (!next?.elements.has(key)) change(key, undefined);
    for (const [key, value] of next?.elements ?? []) if (last?.elements.get(key) !== value) change(key, value);
  }
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, i) => rule === b[i]);
}

/** Statements in the order in which references allow them: what is pointed at first, what points last. */
class Script {
  readonly empty: string[] = [];
  readonly #prefix: string;
  readonly #head: string[] = [];
  readonly #sets: string[] = [];
  readonly #chains: string[] = [];
  readonly #rules: string[] = [];
  readonly #gone = new Map<string, string[]>();
  readonly #come = new Map<string, string[]>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  line(text: string): void {
    this.#head.push(text);
  }

  declareSet(name: string, set: { kind: string; body: string }): void {
    this.#sets.push(`add ${set.kind} ${this.#prefix} ${name} { ${set.body} }`);
  }

  declareChain(name: string, hook: string | undefined): void {
    this.#chains.push(`add chain ${this.#prefix} ${name}${hook ? ` { ${hook} }` : ''}`);
  }

  fill(chain: string, rules: readonly string[]): void {
    for (const rule of rules) this.#rules.push(`add rule ${this.#prefix} ${chain} ${rule}`);
  }

  element(key: string, before: string | undefined, after: string | undefined): void {
    if (before === after) return;
    const [set = '', element = ''] = key.split('\0');
    const text = (value: string) => (value === '' ? element : `${element} : ${value}`);
    if (before !== undefined) push(this.#gone, set, element);
    if (after !== undefined) push(this.#come, set, text(after));
  }

  text(): string {
    const elements = (verb: string, of: ReadonlyMap<string, readonly string[]>) =>
      [...of].map(([set, list]) => `${verb} element ${this.#prefix} ${set} { ${list.join(', ')} }`);
    const lines = [
      ...this.#head,
      ...this.#sets,
      ...this.#chains,
      ...elements('delete', this.#gone),
      ...this.empty.map((chain) => `flush chain ${this.#prefix} ${chain}`),
      ...this.#rules,
      ...elements('add', this.#come),
    ];
    return lines.map((line) => `${line}\n`).join('');
  }
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
