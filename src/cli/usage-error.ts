import { parseDuration } from '../schema/duration.ts';

/** The command line asks for something that makes no sense. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** For commander's option parsers: a TCP port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) throw new UsageError(`"${text}" is not a port (1 to 65535).`);
  return port;
}

/** A number of things, at least one. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count))
    throw new UsageError(`"${text}" is not a number above 0.`);
  return count;
}

/** A duration in Go's form ("1m0s", "500ms"), in milliseconds. */
export function parseMilliseconds(text: string): number {
  let milliseconds = 0;
  try {
    milliseconds = Number(parseDuration(text)) / 1e6;
  } catch {
    // Told below, as what is no time at all.
  }
  if (milliseconds <= 0) throw new UsageError(`"${text}" is not a duration such as 1m0s.`);
  return milliseconds;
}

/** The same, and 0. */
export const parseWait = (text: string): number => (/^0[a-z]*$/.test(text) ? 0 : parseMilliseconds(text));
