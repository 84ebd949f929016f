/**
 * A deterministic automaton for a pattern's program, made while texts are read: a state is a set of threads, and once it is
 * known where a character leads from there, the next one costs two look-ups. It only knows whether there is a match.
 * https://swtch.com/~rsc/regexp/regexp3.html
 *
 * Assertions that depend on what comes next wait in a state as threads of their own until the next character is known.
 */
import type { Instruction } from './regexp-program.ts';

/** What is kept at most, in states and in threads and transitions of all states; then all is forgotten and made anew. */
const MAX_STATES = 2_000;
const MAX_CELLS = 100_000;
const MAX_CLASSES = 256;
/** Characters of which the class is remembered, besides ASCII. */
const MAX_KNOWN = 4_096;
/** An automaton that is forgotten after fewer characters for each state does no good. */
const WORTHWHILE = 10;

interface State {
  /** The instructions that wait: characters, and assertions about what comes next. In order. */
  readonly threads: readonly number[];
  /** The character before, for assertions. */
  readonly before: number;
  readonly matched: boolean;
  /** No text leads from here to a match. */
  readonly dead: boolean;
  /** By the class of the next character. */
  readonly next: (State | undefined)[];
}

/** Assertions see characters as one of these: none, the end of a line, of a word, any other. */
const NONE = -1;
const KINDS: readonly number[] = [NONE, 10, 97, 33];
const kindOf = (code: number): number => {
  if (code === NONE || code === 10) return code;
  const word = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
  return word ? 97 : 33;
};

export class RegExpAutomaton {
  readonly #program: readonly Instruction[];
  /** What characters are asked, each once. */
  readonly #tests: readonly ((code: number) => boolean)[];
  readonly #asserts: boolean;
  /** A match can only begin where the text does. */
  readonly #anchored: boolean;
  readonly #states = new Map<string, State>();
  #start: State;
  #cells = 0;
  /** Characters of one class are the same to the pattern; 0 stands for none seen yet. */
  readonly #ascii = new Uint16Array(128);
  readonly #known = new Map<number, number>();
  readonly #classes = new Map<string, number>();
  #work = 0;

  constructor(program: readonly Instruction[]) {
    this.#program = program;
    this.#tests = [...new Set(program.flatMap((one) => (one.op === 'char' ? [one.test] : [])))];
    this.#asserts = program.some(({ op }) => op === 'assert');
    this.#anchored = KINDS.every((before) => before === NONE || this.#settle([], before).threads.length === 0);
    this.#start = this.#stateFor([], NONE);
  }

  /** Instructions looked at since it was made, to make states of them: what it cost besides the look-ups. */
  get work(): number {
    return this.#work;
  }

  /** States that are kept now. */
  get size(): number {
    return this.#states.size;
  }

  /** Whether some part of a text matches; undefined where the automaton would grow with the text. */
  test(text: string): boolean | undefined {
    const ascii = this.#ascii;
    let state = this.#start;
    let forgotten = 0;
    for (let at = 0; at < text.length; at++) {
      if (state.matched) return true;
      if (state.dead) return false;
      let code = text.charCodeAt(at);
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(at) as number;
        if (code > 0xffff) at++;
      }
      const kind = (code < 128 ? ascii[code] : this.#known.get(code)) || this.#classOf(code);
      let next = state.next[kind];
      if (!next) {
        if (this.#isFull) {
          if (at - forgotten < WORTHWHILE * this.#states.size) {
            this.#forget();
            return undefined;
          }
          forgotten = at;
          this.#forget();
        }
        next = this.#step(state, code);
        this.#link(state, this.#classOf(code), next);
      }
      state = next;
    }
    if (state.matched) return true;
    let end = state.next[0];
    if (!end) {
      end = this.#step(state, NONE);
      this.#link(state, 0, end);
    }
    return end.matched;
  }

  get #isFull(): boolean {
    return this.#states.size >= MAX_STATES || this.#cells >= MAX_CELLS || this.#classes.size >= MAX_CLASSES;
  }

  #forget(): void {
    this.#states.clear();
    this.#cells = 0;
    this.#ascii.fill(0);
    this.#known.clear();
    this.#classes.clear();
    this.#start = this.#stateFor([], NONE);
  }

  #link(from: State, kind: number, to: State): void {
    const { next } = from;
    this.#cells += Math.max(0, kind + 1 - next.length);
    while (next.length < kind) next.push(undefined);
    next[kind] = to;
  }

  /** Classes are counted from 1; 0 is the end of the text. */
  #classOf(code: number): number {
    const known = code < 128 ? this.#ascii[code] : this.#known.get(code);
    if (known) return known;
    this.#work += this.#tests.length;
    let answers = this.#asserts ? `${kindOf(code)}:` : '';
    for (const test of this.#tests) answers += test(code) ? '1' : '0';
    let found = this.#classes.get(answers);
    if (found === undefined) {
      found = this.#classes.size + 1;
      this.#classes.set(answers, found);
    }
    if (code < 128) this.#ascii[code] = found;
    else {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(code, found);
    }
    return found;
  }

  /** Where a character, or the end of the text, leads. */
  #step(from: State, code: number): State {
    const waiting = this.#asserts ? this.#resolve(from, code) : from;
    if (waiting.matched || code === NONE) return this.#keep({ ...waiting, threads: [] }, NONE);
    const after: number[] = [];
    for (const pc of waiting.threads) {
      const instruction = this.#program[pc] as Instruction;
      if (instruction.op === 'char' && instruction.test(code)) after.push(pc + 1);
    }
    this.#work += waiting.threads.length;
    return this.#stateFor(after, kindOf(code));
  }

  /** The threads of a state, now that it is known what comes next. */
  #resolve(state: State, after: number): Threads {
    return this.#follow(state.threads, (test) => test(state.before, after));
  }

  #stateFor(pcs: readonly number[], before: number): State {
    return this.#keep(this.#settle(pcs, before), before);
  }

  #keep({ threads, matched }: Threads, before: number): State {
    const asserts = this.#asserts && threads.some((pc) => this.#program[pc]?.op === 'assert');
    const key = matched ? 'matched' : `${asserts ? before : ''}:${threads.join()}`;
    const known = this.#states.get(key);
    if (known) return known;
    const dead = !matched && threads.length === 0 && this.#anchored;
    const state: State = { threads: matched ? [] : threads, before, matched, dead, next: [] };
    this.#states.set(key, state);
    this.#cells += threads.length;
    return state;
  }

  /** Threads at these instructions and new ones at the first, as far as they get without knowing what comes next. */
  #settle(pcs: readonly number[], before: number): Threads {
    return this.#follow([...pcs, 0], (test) => {
      const passes = KINDS.filter((after) => test(before, after)).length;
      return passes === 0 ? false : passes === KINDS.length || undefined;
    });
  }

  /** Follows all that takes no character; assertions of which nothing is known stay as they are. */
  #follow(pcs: readonly number[], ask: (test: Assertion) => boolean | undefined): Threads {
    const seen = new Set<number>();
    const threads: number[] = [];
    const stack = [...pcs];
    let matched = false;
    for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
      if (seen.has(pc)) continue;
      seen.add(pc);
      const instruction = this.#program[pc] as Instruction;
      switch (instruction.op) {
        case 'jump':
          stack.push(instruction.to);
          break;
        case 'split':
          stack.push(instruction.second, instruction.first);
          break;
        case 'assert': {
          const passes = ask(instruction.test);
          if (passes) stack.push(pc + 1);
          else if (passes === undefined) threads.push(pc);
          break;
        }
        case 'match':
          matched = true;
          break;
        default:
          threads.push(pc);
      }
    }
    this.#work += seen.size;
    return { threads: threads.sort((a, b) => a - b), matched };
  }
}

type Assertion = (before: number, after: number) => boolean;

interface Threads {
  readonly threads: readonly number[];
  readonly matched: boolean;
}
