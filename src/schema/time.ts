/** metav1.Time and metav1.MicroTime: RFC 3339 in UTC, with whole seconds or six decimals. */
import { quote } from './quote.ts';

const pattern =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})$/;

/** A moment: whole seconds since the epoch (may be negative) and microseconds within the second. */
export interface Instant {
  readonly seconds: number;
  readonly micros: number;
}

export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TimeError';
  }
}

/** Parses RFC 3339 with any zone and fraction. Throws TimeError in the words of Go's time.Parse. */
export function parseTime(text: string): Instant {
  const match = pattern.exec(text);
  if (!match) throw new TimeError(explain(text, false));
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const out = (what: string) => new TimeError(`parsing time ${quote(text)}: ${what} out of range`);
  if (mo < 1 || mo > 12) throw out('month');
  if (h > 23) throw out('hour');
  if (mi > 59) throw out('minute');
  if (s > 59) throw out('second');
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  if (d < 1 || date.getUTCDate() !== d) throw out('day');
  date.setUTCHours(h, mi, s);
  let seconds = date.getTime() / 1000;
  if (zone !== 'Z') {
    const offset = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4, 6)) * 60;
    if (Number(zone.slice(1, 3)) > 24 || Number(zone.slice(4, 6)) > 59) throw out('time zone offset');
    seconds += zone[0] === '-' ? offset : -offset;
  }
  return { seconds, micros: Number(fraction.slice(0, 6).padEnd(6, '0')) };
}

/** Which part of the layout failed first, as time.Parse tells it. */
function explain(text: string, micro: boolean): string {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
  const seconds: readonly [RegExp, string][] = micro
    ? [
        [/^[0-9]{2}/, '05'],
        [/^[.,][0-9]{6}/, '.000000'],
      ]
    : [[/^[0-9]{2}(?:[.,][0-9]+)?/, '05']];
  const steps: readonly [RegExp, string][] = [
    [/^[0-9]{4}/, '2006'],
    [/^-/, '-'],
    [/^[0-9]{2}/, '01'],
    [/^-/, '-'],
    [/^[0-9]{2}/, '02'],
    [/^T/, 'T'],
    [/^[0-9]{2}/, '15'],
    [/^:/, ':'],
    [/^[0-9]{2}/, '04'],
    [/^:/, ':'],
    ...seconds,
    [/^(?:Z|[+-][0-9]{2}:[0-9]{2})/, 'Z07:00'],
  ];
  let rest = text;
  for (const [step, name] of steps) {
    const match = step.exec(rest);
    if (!match) return `parsing time ${quote(text)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(name)}`;
    rest = rest.slice(match[0].length);
  }
  return `parsing time ${quote(text)}: extra text: ${quote(rest)}`;
}

const pad = (n: number, width: number) => String(n).padStart(width, '0');

/** Go's zero time, which Kubernetes takes for "not set". */
const ZERO_SECONDS = -62135596800;
export const isZeroTime = (t: Instant): boolean => t.seconds === ZERO_SECONDS && t.micros === 0;

/** Of what was formatted last: times that are given are mostly the same second's. */
let lastSeconds = 0;
let lastText = '1970-01-01T00:00:00Z';

export function formatInstant({ seconds }: Instant): string {
  if (seconds !== lastSeconds) {
    lastText = formatSeconds(seconds);
    lastSeconds = seconds;
  }
  return lastText;
}

function formatSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  return (
    `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}` +
    `T${pad(date.getUTCHours(), 2)}:${pad(date.getUTCMinutes(), 2)}:${pad(date.getUTCSeconds(), 2)}Z`
  );
}

export function formatMicroInstant(t: Instant): string {
  return `${formatInstant(t).slice(0, -1)}.${pad(t.micros, 6)}Z`;
}

/** metav1.Time of milliseconds since the epoch: "2006-01-02T15:04:05Z". */
export const formatTime = (ms: number): string => formatInstant({ seconds: Math.floor(ms / 1000), micros: 0 });

/** metav1.MicroTime of milliseconds since the epoch: "2006-01-02T15:04:05.000000Z". */
export function formatMicroTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return formatMicroInstant({ seconds, micros: Math.floor((ms - seconds * 1000) * 1000) });
}

/** Milliseconds since the epoch of a Time or MicroTime. Throws TimeError. */
export function timeToMs(text: string): number {
  const t = parseTime(text);
  return t.seconds * 1000 + t.micros / 1000;
}

const usual = /^[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$/;

/** The canonical text of a Time; undefined for the zero time. */
export function canonicalTime(text: string): string | undefined {
  if (text.length === 20 && usual.test(text)) return text;
  const t = parseTime(text);
  return isZeroTime(t) ? undefined : formatInstant(t);
}

/** Six decimals exactly, as Kubernetes' own reader asks for. */
export function canonicalMicroTime(text: string): string | undefined {
  if (!/[.,][0-9]{6}(?:Z|[+-][0-9]{2}:[0-9]{2})$/.test(text)) throw new TimeError(explain(text, true));
  const t = parseTime(text);
  return isZeroTime(t) ? undefined : formatMicroInstant(t);
}
