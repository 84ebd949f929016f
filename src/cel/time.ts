/** Timestamps and durations: their text, their range, their parts in a time zone. */
import { parseDuration } from '../schema/duration.ts';
import { parseTime } from '../schema/time.ts';
import { CelDuration, CelError, CelTimestamp, intFromBigInt, MAX_INT, MIN_INT, type Value } from './values.ts';

const SECOND = 1_000_000_000n;
const MIN_TIMESTAMP = -62135596800n * SECOND;
const MAX_TIMESTAMP = 253402300800n * SECOND - 1n;
const OUT_OF_RANGE = 'timestamp overflow';

export function newTimestamp(nanoseconds: bigint, zone = 0): CelTimestamp | CelError {
  if (nanoseconds < MIN_TIMESTAMP || nanoseconds > MAX_TIMESTAMP) return new CelError(OUT_OF_RANGE);
  return new CelTimestamp(nanoseconds, zone);
}

export function newDuration(nanoseconds: bigint): CelDuration | CelError {
  if (nanoseconds < MIN_INT || nanoseconds > MAX_INT) return new CelError('duration overflow');
  return new CelDuration(nanoseconds);
}

/** timestamp(value): of RFC 3339 text, or of seconds since the epoch. */
export function toTimestamp(value: Value): Value {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return newTimestamp(BigInt(value) * SECOND);
  if (typeof value !== 'string') return new CelError('no such overload');
  try {
    const { seconds } = parseTime(value);
    const fraction = /[.,]([0-9]+)(?:Z|[+-])/.exec(value)?.[1] ?? '';
    const nanoseconds = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
    const zone = /([+-])([0-9]{2}):([0-9]{2})$/.exec(value);
    const minutes = zone ? (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === '-' ? -1 : 1) : 0;
    return newTimestamp(BigInt(seconds) * SECOND + nanoseconds, minutes);
  } catch (error) {
    return new CelError(error instanceof Error ? error.message : String(error));
  }
}

/** duration(value): of Go's text ("1h30m"), or of nanoseconds. */
export function toDuration(value: Value): Value {
  if (value instanceof CelDuration) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return new CelDuration(BigInt(value));
  if (typeof value !== 'string') return new CelError('no such overload');
  try {
    return newDuration(parseDuration(value));
  } catch (error) {
    return new CelError(error instanceof Error ? error.message : String(error));
  }
}

/** "2023-08-26T12:39:00.5Z": no more decimals than it has. */
export function formatTimestamp({ nanoseconds, zone }: CelTimestamp): string {
  const { ms, within } = split(nanoseconds);
  const date = new Date(ms + zone * 60_000);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  const rest = date
    .toISOString()
    .replace(/^[+-]?[0-9]+/, '')
    .slice(0, 15);
  const fraction = String(within).padStart(9, '0').replace(/0+$/, '');
  return `${year}${rest}${fraction && `.${fraction}`}${zoneText(zone)}`;
}

function zoneText(minutes: number): string {
  if (minutes === 0) return 'Z';
  const two = (n: number) => String(n).padStart(2, '0');
  const ahead = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.trunc(ahead / 60))}:${two(ahead % 60)}`;
}

/** As string(duration) has it: seconds. */
export function durationText({ nanoseconds }: CelDuration): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(magnitude % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${magnitude / SECOND}${fraction && `.${fraction}`}s`;
}

/** Whole seconds in milliseconds, and the nanoseconds within the second. */
function split(nanoseconds: bigint): { ms: number; within: bigint } {
  const within = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return { ms: Number((nanoseconds - within) / 1_000_000n), within };
}

type Part = (date: Date, nanoseconds: bigint) => number;
const DAY_MS = 86_400_000;

/** What the getters of timestamps answer, of a date whose UTC fields are those of the zone. */
export const timestampParts: Readonly<Record<string, Part>> = {
  getFullYear: (d) => d.getUTCFullYear(),
  getMonth: (d) => d.getUTCMonth(),
  getDayOfYear: (d) => Math.floor((d.getTime() - Date.UTC(d.getUTCFullYear(), 0, 1)) / DAY_MS),
  getDayOfMonth: (d) => d.getUTCDate() - 1,
  getDate: (d) => d.getUTCDate(),
  getDayOfWeek: (d) => d.getUTCDay(),
  getHours: (d) => d.getUTCHours(),
  getMinutes: (d) => d.getUTCMinutes(),
  getSeconds: (d) => d.getUTCSeconds(),
  getMilliseconds: (_, within) => Number(within / 1_000_000n),
};

/** A part of a timestamp in a zone: "America/New_York", "+02:00", or none for UTC. */
export function timestampPart({ nanoseconds }: CelTimestamp, part: Part, zone: string): Value {
  const { ms, within } = split(nanoseconds);
  const offset = zoneOffset(ms, zone);
  if (offset === undefined) return new CelError(`unknown time zone ${zone}`);
  return part(new Date(ms + offset), within);
}

/** How far a zone is ahead of UTC at a moment, in milliseconds. */
function zoneOffset(ms: number, zone: string): number | undefined {
  if (zone === '' || zone === 'UTC') return 0;
  const fixed = /^([+-]?)([0-9]{2}):([0-9]{2})$/.exec(zone);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    return (fixed[1] === '-' ? -minutes : minutes) * 60_000;
  }
  let format = zones.get(zone);
  if (!format) {
    try {
      const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
      const options = { ...fields, second: 'numeric', era: 'short', hourCycle: 'h23', timeZone: zone } as const;
      format = new Intl.DateTimeFormat('en-US', options);
    } catch {
      return undefined;
    }
    if (zones.size >= MAX_ZONES) zones.clear();
    zones.set(zone, format);
  }
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - number('year') : number('year');
  const local = new Date(0);
  local.setUTCFullYear(year, number('month') - 1, number('day'));
  local.setUTCHours(number('hour'), number('minute'), number('second'));
  return local.getTime() - ms;
}

const MAX_ZONES = 64;
const zones = new Map<string, Intl.DateTimeFormat>();

const durationUnits: Readonly<Record<string, bigint>> = {
  getHours: 3600n * SECOND,
  getMinutes: 60n * SECOND,
  getSeconds: SECOND,
  getMilliseconds: 1_000_000n,
};

/** A duration in whole units; its milliseconds are those of the whole too. */
export function durationPart({ nanoseconds }: CelDuration, getter: string): Value {
  return intFromBigInt(nanoseconds / (durationUnits[getter] ?? 1n));
}
