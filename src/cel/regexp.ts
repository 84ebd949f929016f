/**
 * Regular expressions of RE2's syntax in time linear in the text: expressions come from users, and JavaScript's own engine
 * can be made to run for ever. https://github.com/google/re2/wiki/Syntax
 *
 * A pattern becomes a program for a machine that follows all its threads at once (Thompson, Pike); the order of threads is
 * the order of preference, so that matches are the ones a backtracking engine would find.
 */
import { type Node, parseRegExp, RegExpError } from './regexp-parser.ts';
import { CelError } from './values.ts';

type Instruction =
  | { readonly op: 'char'; readonly test: (code: number) => boolean }
  /** Both ways, the first one preferred. */
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { readonly op: 'assert'; readonly test: (before: number, after: number) => boolean }
  | { readonly op: 'match' };

/** What a counted repetition may blow a pattern up to. */
const MAX_PROGRAM = 50_000;

export class LinearRegExp {
  readonly #program: readonly Instruction[];
  readonly #seen: Uint32Array;
  #generation = 0;

  constructor(program: readonly Instruction[]) {
    this.#program = program;
    this.#seen = new Uint32Array(program.length);
  }

  test(text: string): boolean {
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

function compile(node: Node): Instruction[] {
  const program: Instruction[] = [];
  const push = (instruction: Instruction): number => {
    if (program.length >= MAX_PROGRAM) throw new RegExpError('expression too large', '');
    return program.push(instruction) - 1;
  };
  const split = (greedy: boolean): { enter: (pc: number) => void; leave: (pc: number) => void } => {
    const instruction: Instruction = { op: 'split', first: 0, second: 0 };
    push(instruction);
    const set = (first: boolean) => (pc: number) => {
      if (first) instruction.first = pc;
      else instruction.second = pc;
    };
    return { enter: set(greedy), leave: set(!greedy) };
  };
  const emit = (n: Node): void => {
    switch (n.kind) {
      case 'empty':
        return;
      case 'char':
        push({ op: 'char', test: n.test });
        return;
      case 'assert':
        push({ op: 'assert', test: n.test });
        return;
      case 'concat':
        for (const part of n.parts) emit(part);
        return;
      case 'alternate': {
        const ends: { to: number }[] = [];
        for (const [i, part] of n.parts.entries()) {
          if (i === n.parts.length - 1) {
            emit(part);
            break;
          }
          const branch = split(true);
          branch.enter(program.length);
          emit(part);
          const end: Instruction = { op: 'jump', to: 0 };
          push(end);
          ends.push(end);
          branch.leave(program.length);
        }
        for (const end of ends) end.to = program.length;
        return;
      }
      case 'repeat': {
        for (let i = 0; i < n.min; i++) emit(n.of);
        if (n.max === undefined) {
          const loop = program.length;
          const branch = split(n.greedy);
          branch.enter(program.length);
          emit(n.of);
          push({ op: 'jump', to: loop });
          branch.leave(program.length);
          return;
        }
        const branches: { leave: (pc: number) => void }[] = [];
        for (let i = n.min; i < n.max; i++) {
          const branch = split(n.greedy);
          branch.enter(program.length);
          branches.push(branch);
          emit(n.of);
        }
        for (const branch of branches) branch.leave(program.length);
      }
    }
  };
  emit(node);
  push({ op: 'match' });
  return program;
}

const cache = new Map<string, LinearRegExp | CelError>();
const CACHE_LIMIT = 512;

/** A pattern compiled, or why it is none, in the words of Go's regexp. Compiled patterns are kept. */
export function compileRegExp(pattern: string): LinearRegExp | CelError {
  const known = cache.get(pattern);
  if (known) return known;
  let made: LinearRegExp | CelError;
  try {
    made = new LinearRegExp(compile(parseRegExp(pattern)));
  } catch (error) {
    if (!(error instanceof RegExpError)) throw error;
    made = new CelError(`error parsing regexp: ${error.message}`);
  }
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(pattern, made);
  return made;
}
