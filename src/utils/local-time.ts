/** What clocks on the wall show. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** Time in a zone of the time zone database; absent, this process' own. Throws RangeError for a zone there is not. */
export class LocalTime {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone?: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...(timeZone !== undefined && { timeZone }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  at(ms: number): WallTime {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(ms)) parts[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
    return { year, month, day, hour, minute };
  }

  /** When a day begins; months and days beyond the last count on. */
  toMs(year: number, month: number, day: number): number {
    const wanted = Date.UTC(year, month - 1, day);
    const guess = wanted - this.offset(wanted);
    // The offset at the guess may be another one than at the time that was looked up first.
    return wanted - this.offset(guess);
  }

  /** Milliseconds by which the wall is ahead of UTC; zones differ from it by whole minutes. */
  offset(ms: number): number {
    const { year, month, day, hour, minute } = this.at(ms);
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(ms / 60_000) * 60_000;
  }

  /** As RFC 3339 has it: "2026-01-01T05:00:00+05:00". */
  format(ms: number): string {
    const offset = this.offset(ms) / 60_000;
    const local = new Date(ms + offset * 60_000).toISOString().slice(0, 19);
    if (offset === 0) return `${local}Z`;
    const pad = (n: number) => String(n).padStart(2, '0');
    const minutes = Math.abs(offset);
    return `${local}${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  }
}
