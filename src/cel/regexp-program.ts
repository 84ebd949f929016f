/**
 * Parsed patterns as programs of a machine whose threads run side by side (Thompson, Pike). The order of threads is the
 * order of preference.
 */
import { type Node, RegExpError } from './regexp-parser.ts';

export type Instruction =
  | { readonly op: 'char'; readonly test: (code: number) => boolean }
  /** Both ways, the first one preferred. */
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { readonly op: 'assert'; readonly test: (before: number, after: number) => boolean }
  | { readonly op: 'match' };

/** What a counted repetition may blow a pattern up to. */
const MAX_PROGRAM = 50_000;

/** Throws RegExpError where the program would be too large. */
export function compileProgram(node: Node): Instruction[] {
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
