/** intstr.IntOrString: a port by number or name, a count or a percentage of another. */

export type IntOrString = number | string;

/**
 * Resolves against a total: a number stays, "25%" is that part of `total`, rounded up or down.
 * Throws for text that is not a percentage.
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value;
  const percent = /^(-?[0-9]+)%$/.exec(value);
  if (!percent) {
    const why = value.endsWith('%')
      ? `invalid value ${JSON.stringify(value)}: not a number`
      : 'string is not a percentage';
    throw new Error(`invalid value for IntOrString: ${why}`);
  }
  const part = (Number(percent[1]) * total) / 100;
  return roundUp ? Math.ceil(part) : Math.floor(part);
}
