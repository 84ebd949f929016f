/** Numbers as Go sees them: JSON's whole numbers are of 64 bits, all others floating. */

const TWO_63 = 2 ** 63;

/** Whether Go reads the number as an int64. */
export const isInt64 = (value: number): boolean => Number.isInteger(value) && value >= -TWO_63 && value < TWO_63;

const MAX_JSON_INTEGER = 2 ** 53 - 1;
const EPSILON = 1e-9;

/** Whether a number is whole, or near enough. */
export function isWhole(value: number): boolean {
  if (Math.abs(value) > MAX_JSON_INTEGER || Number.isNaN(value)) return false;
  const whole = Math.trunc(value);
  if (value === whole) return true;
  const difference = Math.abs(value - whole);
  return whole !== 0 && difference / (Math.abs(value) + Math.abs(whole)) < EPSILON;
}

/** As Go's %v writes a number: whole ones in full, others with an exponent from a million on. */
export function formatNumber(value: number): string {
  return isInt64(value) ? String(BigInt(value)) : formatFloat(value);
}

/** As Go's %v writes a float64. */
export function formatFloat(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  const digits = String(Math.abs(power)).padStart(2, '0');
  return `${mantissa}e${power < 0 ? '-' : '+'}${digits}`;
}
