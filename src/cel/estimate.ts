/** Ranges of sizes and costs, with arithmetic that ends at the largest number of 64 bits. */
import type { Expr } from './ast.ts';
import type { CelType } from './types.ts';

export interface Estimate {
  readonly min: number;
  readonly max: number;
}

/** Something a call is made on. */
export interface CostNode {
  /** From a variable to it; empty where it is no such thing. */
  readonly path: readonly string[];
  readonly type: CelType;
  readonly expr: Expr;
  readonly size?: Estimate;
}

/** What is known of the elements of a list, or the keys and values of a map. */
export interface EntrySize {
  readonly container: 'list' | 'map';
  readonly key: Estimate;
  readonly value: Estimate;
}

/** More cannot be counted; it also stands for what nobody knows. */
export const MOST = 2 ** 64;
export const UNKNOWN: Estimate = { min: 0, max: MOST };
export const fixed = (value: number): Estimate => ({ min: value, max: value });
export const add = (a: Estimate, b: Estimate): Estimate => ({
  min: Math.min(MOST, a.min + b.min),
  max: Math.min(MOST, a.max + b.max),
});
export const union = (a: Estimate, b: Estimate): Estimate => ({
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
});

const product = (a: number, b: number): number => Math.min(MOST, a * b);

export const multiply = (a: Estimate, b: Estimate): Estimate => ({
  min: product(a.min, b.min),
  max: product(a.max, b.max),
});
/** By a factor, rounded up. */
export const scale = (a: Estimate, factor: number): Estimate => ({
  min: Math.ceil(product(a.min, factor)),
  max: Math.ceil(product(a.max, factor)),
});
