import { LocalTime } from '../utils/local-time.ts';

/** When something recurs. */
export interface Schedule {
  /** The first time after `ms`, both in milliseconds since the epoch; undefined when there is none within five years. */
  next(ms: number): number | undefined;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MINUTE: Field = { name: 'minute', min: 0, max: 59 };
const HOUR: Field = { name: 'hour', min: 0, max: 23 };
const DAY: Field = { name: 'day of month', min: 1, max: 31 };
const MONTH: Field = {
  name: 'month',
  min: 1,
  max: 12,
  names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const WEEKDAY: Field = {
  name: 'day of week',
  min: 0,
  max: 6,
  names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
};

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const MINUTE_MS = 60_000;
const FIVE_YEARS_MS = 5 * 366 * 24 * 60 * MINUTE_MS;

/**
 * Reads a schedule as CronJobs have it: five fields, "@daily" and its like, "@every 1h30m", each after an optional
 * "TZ=zone" or "CRON_TZ=zone". `timeZone` is what holds otherwise; absent, it is this process' own. Throws for what is
 * none, in the words of Kubernetes' parser. https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
 */
export function parseSchedule(text: string, timeZone?: string): Schedule {
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text);
  const local = zoned ? zoneNamed(zoned[1] ?? '') : new LocalTime(timeZone);
  const spec = (zoned?.[2] ?? text).trim();
  if (spec === '') throw new Error('empty spec string');
  const every = /^@every (.+)$/.exec(spec);
  if (every) return everySchedule(every[1] ?? '');
  if (spec.startsWith('@') && !DESCRIPTORS[spec]) throw new Error(`unrecognized descriptor: ${spec}`);
  const fields = (DESCRIPTORS[spec] ?? spec).split(/\s+/);
  if (fields.length !== 5) {
    throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  return new CronSchedule(local, {
    minutes: parseField(minute, MINUTE).values,
    hours: parseField(hour, HOUR).values,
    days: parseField(day, DAY),
    months: parseField(month, MONTH).values,
    weekdays: parseField(weekday, WEEKDAY),
  });
}

function zoneNamed(zone: string): LocalTime {
  try {
    return new LocalTime(zone);
  } catch {
    throw new Error(`provided bad location ${zone}: unknown time zone ${zone}`);
  }
}

interface Values {
  readonly values: ReadonlySet<number>;
  /** Says nothing: "*" or "?". */
  readonly any: boolean;
}

interface Fields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: Values;
  readonly months: ReadonlySet<number>;
  readonly weekdays: Values;
}

class CronSchedule implements Schedule {
  readonly #local: LocalTime;
  readonly #fields: Fields;

  constructor(local: LocalTime, fields: Fields) {
    this.#local = local;
    this.#fields = fields;
  }

  next(ms: number): number | undefined {
    const { months, hours, minutes } = this.#fields;
    const end = ms + FIVE_YEARS_MS;
    let at = (Math.floor(ms / MINUTE_MS) + 1) * MINUTE_MS;
    while (at <= end) {
      const { year, month, day, hour, minute } = this.#local.at(at);
      // A jump that a change of the clock swallows still has to get on.
      if (!months.has(month)) at = Math.max(at + MINUTE_MS, this.#local.toMs(year, month + 1, 1));
      else if (!this.#isDay(year, month, day)) at = Math.max(at + MINUTE_MS, this.#local.toMs(year, month, day + 1));
      else if (!hours.has(hour)) at += (60 - minute) * MINUTE_MS;
      else if (!minutes.has(minute)) at += MINUTE_MS;
      else return at;
    }
    return undefined;
  }

  /** Where both day fields say something, one of them is enough, as cron has it. */
  #isDay(year: number, month: number, day: number): boolean {
    const { days, weekdays } = this.#fields;
    const byDay = days.values.has(day);
    const byWeekday = weekdays.values.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
    return days.any || weekdays.any ? byDay && byWeekday : byDay || byWeekday;
  }
}

function parseField(text: string, field: Field): Values {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(',')) any = addRange(part, field, values) || any;
  return { values, any };
}

/** Returns whether it is a bare "*" or "?". */
function addRange(text: string, field: Field, values: Set<number>): boolean {
  const [range = '', stepText, ...more] = text.split('/');
  const [first = '', last, ...others] = range.split('-');
  if (more.length > 0) throw new Error(`too many slashes: ${text}`);
  if (others.length > 0) throw new Error(`too many hyphens: ${text}`);
  const star = first === '*' || first === '?';
  const start = star ? field.min : numberIn(first, field);
  // "5/10" is "5-59/10".
  const lastOf =
    star || (last === undefined && stepText !== undefined)
      ? field.max
      : last === undefined
        ? start
        : numberIn(last, field);
  const step = stepText === undefined ? 1 : integer(stepText);
  if (start < field.min) throw new Error(`beginning of range (${start}) below minimum (${field.min}): ${text}`);
  if (lastOf > field.max) throw new Error(`end of range (${lastOf}) above maximum (${field.max}): ${text}`);
  if (start > lastOf) throw new Error(`beginning of range (${start}) beyond end of range (${lastOf}): ${text}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`);
  for (let value = start; value <= lastOf; value += step) values.add(value);
  return star && step === 1;
}

function numberIn(text: string, field: Field): number {
  const named = text === '' ? -1 : (field.names?.indexOf(text.toLowerCase()) ?? -1);
  return named >= 0 ? named : integer(text);
}

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: MINUTE_MS, h: 60 * MINUTE_MS };

/** A period counted from the last time on, in whole seconds, one at least. */
function everySchedule(text: string): Schedule {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(text)) {
    throw new Error(`failed to parse duration @every ${text}: time: invalid duration ${JSON.stringify(text)}`);
  }
  let period = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(h|ms|m|s)/g))
    period += Number(amount) * (UNITS[unit] ?? 0);
  const seconds = Math.max(1, Math.floor(period / 1000));
  return { next: (ms) => (Math.floor(ms / 1000) + seconds) * 1000 };
}
