/**
 * Regular expressions of RE2's syntax in time linear in the text: expressions come from users, and JavaScript's own engine
 * can be made to run for ever. https://github.com/google/re2/wiki/Syntax
 *
 * A pattern becomes a program for a machine that follows all its threads at once (regexp-program.ts); the order of threads
 * is the order of preference, so that matches are the ones a backtracking engine would find. Where it only matters whether
 * there is a match, an automaton made of the program while it runs answers many times faster (regexp-automaton.ts).
 */
import { RegExpAutomaton } from './regexp-automaton.ts';
import { parseRegExp, RegExpError } from './regexp-parser.ts';
import { compileProgram, type Instruction } from './regexp-program.ts';
import { CelError } from './values.ts';

export class LinearRegExp {
  readonly #program: readonly Instruction[];
  readonly #seen: Uint32Array;
  #generation = 0;
  #automaton: RegExpAutomaton | undefined;

  constructor(program: readonly Instruction[]) {
    this.#program = program;
    this.#seen = new Uint32Array(program.length);
  }

  test(text: string): boolean {
    this.#automaton ??= new RegExpAutomaton(this.#program);
    return this.#automaton.test(text) ?? this.simulate(text);
  }

  /** The same without an automaton: for texts it is no good for, and to hold it against. */
  simulate(text: string): boolean {
    return this.#run(text, 0, true) !== undefined;
  }

  /** The first match at or after an index, in UTF-16 units. */
  exec(text: string, from = 0): { start: number; end: number } | undefined {
    return this.#run(text, from, false);
  }

  #run(text: string, from: number, any: boolean): { start: number; end: number } | undefined {
    let current: Threads = { states: [], starts: [] };
    let next: Threads = { states: [], starts: [] };
    let found: { start: number; end: number } | undefined;
    let before = from > 0 ? codeBefore(text, from) : -1;
    for (let at = from; ; ) {
      const code = at < text.length ? (text.codePointAt(at) as number) : -1;
      if (!found) this.#add(current, 0, at, before, code, at === from || current.states.length === 0);
      if (current.states.length === 0 && (found || code < 0)) {
        this.#clear();
        return found;
      }
      this.#clear();
      const width = code > 0xffff ? 2 : 1;
      const after = at + width < text.length ? (text.codePointAt(at + width) as number) : -1;
      for (let i = 0; i < current.states.length; i++) {
        const state = current.states[i] as number;
        const start = current.starts[i] as number;
        const instruction = this.#program[state] as Instruction;
        if (instruction.op === 'match') {
          if (any) {
            this.#clear();
            return { start, end: at };
          }
          found = { start, end: at };
          break; // Threads after this one are less preferred.
        }
        if (instruction.op === 'char' && code >= 0 && instruction.test(code)) {
          this.#add(next, state + 1, start, code, after, false);
        }
      }
      [current, next] = [next, current];
      next.states.length = 0;
      next.starts.length = 0;
      if (code < 0) {
        this.#clear();
        return found;
      }
      before = code;
      at += width;
    }
  }

  #clear(): void {
    this.#generation++;
    if (this.#generation === 0xffffffff) {
      this.#seen.fill(0);
      this.#generation = 1;
    }
  }

  /** Follows everything that takes no character. */
  #add(threads: Threads, state: number, start: number, before: number, after: number, fresh: boolean): void {
    if (fresh) this.#clear();
    const stack = [state];
    for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
      if (this.#seen[pc] === this.#generation) continue;
      this.#seen[pc] = this.#generation;
      const instruction = this.#program[pc] as Instruction;
      switch (instruction.op) {
        case 'jump':
          stack.push(instruction.to);
          break;
        case 'split':
          stack.push(instruction.second, instruction.first);
          break;
        case 'assert':
          if (instruction.test(before, after)) stack.push(pc + 1);
          break;
        default:
          threads.states.push(pc);
          threads.starts.push(start);
      }
    }
  }
}

interface Threads {
  readonly states: number[];
  /** Where each thread's match began. */
  readonly starts: number[];
}

function codeBefore(text: string, at: number): number {
  const low = text.charCodeAt(at - 1);
  const pair = low >= 0xdc00 && low <= 0xdfff && at > 1;
  return text.codePointAt(pair ? at - 2 : at - 1) as number;
}

const cache = new Map<string, LinearRegExp | CelError>();
const CACHE_LIMIT = 512;

/** A pattern compiled, or why it is none, in the words of Go's regexp. Compiled patterns are kept. */
export function compileRegExp(pattern: string): LinearRegExp | CelError {
  const known = cache.get(pattern);
  if (known) return known;
  let made: LinearRegExp | CelError;
  try {
    made = new LinearRegExp(compileProgram(parseRegExp(pattern)));
  } catch (error) {
    if (!(error instanceof RegExpError)) throw error;
    made = new CelError(`error parsing regexp: ${error.message}`);
  }
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(pattern, made);
  return made;
}
