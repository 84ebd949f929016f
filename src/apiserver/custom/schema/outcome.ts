/** What comes of checking a value. */
import { type FieldError, fieldErrors, type Path } from '../../../schema/field-error.ts';
import { quote } from '../../../schema/quote.ts';
import { sorted } from '../../validation/go-value.ts';

/** What is wrong with a value somewhere in an object. */
export interface Problem {
  /** Tells problems apart: each is told once. */
  readonly text: string;
  /** The complaint, given where the object itself is within a larger one. */
  readonly at: (base: Path) => FieldError;
}

/** What came of checking a value. */
export class Outcome {
  readonly problems: Problem[] = [];
  /** How much there was to check: of several schemas that do not fit, the one with the most is reported. */
  matches = 0;

  add(problem: Problem): void {
    if (!this.problems.some(({ text }) => text === problem.text)) this.problems.push(problem);
  }

  merge(other: Outcome): void {
    for (const problem of other.problems) this.add(problem);
    this.matches += other.matches;
  }
}

export const place = (base: Path, path: string): Path => {
  const name = path.startsWith('.') ? path.slice(1) : path;
  return name === '' ? base : base.child(name);
};

/** A problem told with the value that has it. */
export const invalid = (path: string, value: unknown, text: string): Problem => ({
  text,
  at: (base) => fieldErrors.invalid(place(base, path), sorted(value), text),
});

/** A problem that Kubernetes does not locate. */
export const unplaced = (text: string): Problem => ({ text, at: (base) => fieldErrors.invalid(base, '', text) });

export const typeProblem = (path: string, wanted: string, got: string): Problem => {
  const text = `${path} in body must be of type ${wanted}: ${quote(got)}`;
  return { text, at: (base) => fieldErrors.typeInvalid(place(base, path), got, text) };
};
