/**
 * One evaluation under way. Expressions come from users, and what they loop over does, too: an evaluation that takes long
 * stops between two iterations and goes on in a later turn of the event loop.
 *
 * A closure cannot be left in its middle. So an evaluation that goes on starts again at the top; every comprehension that
 * was in its loop goes on from the iteration it had begun, and those that were finished answer what they had found. What
 * is between them is evaluated again: it is without loops, and expressions have no side effects.
 */
import { MemberIndex } from './member-index.ts';
import { CelError, type CelList, type CelMap, type Value } from './values.ts';

/** Iterations between two looks at the clock. */
const TICKS = 8;
/** Looking through a list the second time makes an index, if it has as many elements. */
const INDEXED_FROM = 16;

/** Ends an evaluation whatever the expression would make of errors. */
export class Cancelled extends Error {}

/** The evaluation's time is over, for now. */
export class Paused extends Error {}

/** How far a comprehension has come. */
export class Frame {
  /** Cost of the evaluation when this comprehension began, and when its present iteration or its result did. */
  readonly began: number;
  cost: number;
  over: CelList | CelMap | undefined = undefined;
  /** Of a map. */
  keys: readonly Value[] | undefined = undefined;
  at = 0;
  looped = false;
  /** The iteration had begun before the pause: what is done of it stays so, and it has had its tick. */
  resumed = false;

  constructor(cost: number) {
    this.began = cost;
    this.cost = cost;
  }
}

export class Run {
  readonly #resolve: (name: string) => Value | undefined;
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  /** By comprehension: three each, the first of them its accumulator and its name here. */
  readonly slots: (Value | undefined)[] = [];
  cost = 0;
  /** On performance.now()'s clock. */
  #until = Number.POSITIVE_INFINITY;
  #iterations = 0;
  /** What accumulators' first values were made at. */
  readonly #begun: number[] = [];
  readonly #values: (Value | undefined)[] = [];
  readonly #costs: number[] = [];
  readonly #frames = new Map<number, Frame>();
  /** What the innermost comprehension had cost when its iteration began. */
  #reached: number | undefined;
  /** Lists that were looked through, and how often. */
  #indices: Map<unknown, MemberIndex | undefined> | undefined;

  constructor(resolve: (name: string) => Value | undefined, limit: number, signal?: AbortSignal) {
    this.#resolve = resolve;
    this.#limit = limit;
    this.#signal = signal;
  }

  /** To be called before the evaluation begins, and before it goes on. */
  goOn(until: number): void {
    this.#until = until;
    this.cost = 0;
    const reached = this.#reached;
    this.#reached = undefined;
    if (reached === undefined) return;
    // What was made after the iteration began is made, and paid for, again.
    for (const [slot, cost] of this.#begun.entries()) {
      if (cost !== undefined && cost >= reached) this.slots[slot] = undefined;
    }
  }

  charge(cost: number): void {
    this.cost += cost;
    if (this.cost > this.#limit) throw new Cancelled('operation cancelled: actual cost limit exceeded');
  }

  variable(name: string): Value {
    const value = this.#resolve(name);
    return value === undefined ? new CelError(`no such attribute(s): ${name}`) : value;
  }

  /** Called once an iteration. Throws Paused: the iteration is begun again later. */
  tick(): void {
    if (++this.#iterations % TICKS !== 0) return;
    if (this.#signal?.aborted) throw new Cancelled('operation interrupted');
    if (performance.now() > this.#until) throw new Paused();
  }

  begin(slot: number, value: Value, cost: number): void {
    this.slots[slot] = value;
    this.#begun[slot] = cost;
  }

  /** What the comprehension has found already in the present iteration of the one around it. */
  finished(slot: number): Value | undefined {
    const value = this.#values[slot];
    if (value !== undefined) this.charge(this.#costs[slot] ?? 0);
    return value;
  }

  finish(slot: number, value: Value, began: number): void {
    this.#values[slot] = value;
    this.#costs[slot] = this.cost - began;
  }

  /** The comprehensions are to be evaluated anew. */
  forget(slots: readonly number[]): void {
    for (const slot of slots) this.#values[slot] = undefined;
  }

  leave(slot: number, frame: Frame): void {
    this.#reached ??= frame.cost;
    this.#frames.set(slot, frame);
  }

  resume(slot: number): Frame | undefined {
    if (this.#frames.size === 0) return undefined;
    const frame = this.#frames.get(slot);
    if (!frame) return undefined;
    this.#frames.delete(slot);
    this.cost = frame.cost;
    frame.resumed = true;
    return frame;
  }

  /** An index of the list's elements, if it is worth one. */
  index(list: CelList): MemberIndex | undefined {
    if (list.size < INDEXED_FROM) return undefined;
    this.#indices ??= new Map();
    const { source } = list;
    const known = this.#indices.get(source);
    if (known) return known;
    const index = this.#indices.has(source) ? new MemberIndex(list) : undefined;
    this.#indices.set(source, index);
    return index;
  }
}
