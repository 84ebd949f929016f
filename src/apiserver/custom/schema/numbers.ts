/** Bounds and factors of numbers. */
import { formatFloat, formatNumber, isInt64, isWhole } from '../../../schema/go-number.ts';
import { invalid, type Outcome, unplaced } from './outcome.ts';
import type { JsonSchema } from './structural.ts';

const MAX_FLOAT32 = 3.4028235677973366e38;

export function numberCheck(schema: JsonSchema): ((value: number, path: string, out: Outcome) => void) | undefined {
  const { minimum, maximum, multipleOf, exclusiveMinimum, exclusiveMaximum } = schema;
  const range = rangeOf(schema);
  const bounded = minimum !== undefined || maximum !== undefined || multipleOf !== undefined;
  if (!bounded && !range) return undefined;
  return (value, path, out) => {
    /** Whether a number of the schema is one of its type; if not that is told with each value. */
    const fits = (number: number, what: string): boolean => {
      if (!range || range.holds(number)) return true;
      out.add(unplaced(`${what} value must be of type ${range.words} in ${path}`));
      return false;
    };
    fits(value, 'Checked');
    const whole = isInt64(value);
    /** The limit as it is compared: a whole number with whole numbers. */
    const limitOf = (limit: number, what: string): { at: number; text: () => string } =>
      fits(limit, what) && whole
        ? { at: Math.trunc(limit), text: () => formatNumber(Math.trunc(limit)) }
        : { at: limit, text: () => formatFloat(limit) };
    const complain = (what: string) => out.add(invalid(path, value, `${path} in body should be ${what}`));
    if (multipleOf !== undefined) {
      const factor = limitOf(multipleOf, 'MultipleOf');
      if (factor.at <= 0) {
        out.add(invalid(path, factor.at, `factor MultipleOf declared for ${path} must be positive: ${factor.text()}`));
      } else if (!isMultiple(value, factor.at)) complain(`a multiple of ${factor.text()}`);
    }
    if (minimum !== undefined) {
      const { at, text } = limitOf(minimum, 'Minimum boundary');
      if (exclusiveMinimum ? value <= at : value < at) {
        complain(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${text()}`);
      }
    }
    if (maximum !== undefined) {
      const { at, text } = limitOf(maximum, 'Maximum boundary');
      if (exclusiveMaximum ? value >= at : value > at) {
        complain(`less than ${exclusiveMaximum ? '' : 'or equal to '}${text()}`);
      }
    }
  };
}

function isMultiple(value: number, factor: number): boolean {
  if (isInt64(value) && Number.isInteger(factor)) return value % factor === 0;
  return isWhole(factor < 1 ? (1 / factor) * value : value / factor);
}

/** The numbers that a type and format have; undefined of those that have all. */
function rangeOf(schema: JsonSchema): { holds: (value: number) => boolean; words: string } | undefined {
  if (schema['x-kubernetes-int-or-string']) return undefined;
  if (schema.type === 'integer') {
    if (schema.format === 'int32') {
      return { holds: (v) => Number.isInteger(v) && Math.abs(v + 0.5) < 2 ** 31, words: 'integer with format int32' };
    }
    const words = schema.format === 'int64' ? 'integer with format int64' : 'integer (default format)';
    return { holds: isInt64, words };
  }
  if (schema.type !== 'number' || schema.format !== 'float') return undefined;
  return { holds: (v) => Math.abs(v) < MAX_FLOAT32, words: 'number with format float' };
}
