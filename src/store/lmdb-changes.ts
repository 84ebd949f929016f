import { type LogRecord, revisionOf } from './lmdb-records.ts';
import type { Tables } from './lmdb-tables.ts';
import type { Change, KeyValue } from './store.ts';

/** Long reads let others have a turn after so long. */
const TURN_MS = 5;

/** What a key holds, from where its value is and what the index or the log says of it. */
export function keyValue(
  key: string,
  position: number,
  { createRevision, version }: { readonly createRevision: number; readonly version: number },
  value: Buffer,
): KeyValue {
  return { key, value, createRevision, modRevision: revisionOf(position), version };
}

export const damaged = (key: string, position: number): Error =>
  new Error(`the store's file is damaged: ${key} has no value at ${position}`);

/** A change; what it replaced is read from the log when somebody asks, as long as it is there. */
export class LoggedChange implements Change {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: number;
  readonly current?: KeyValue;
  readonly #tables: Tables;
  readonly #previousPosition: number;

  constructor(tables: Tables, position: number, change: LogRecord, decoded: unknown) {
    this.type = change.type;
    this.key = change.key;
    this.revision = revisionOf(position);
    this.#tables = tables;
    this.#previousPosition = change.previousPosition;
    if (change.type === 'put') {
      const current = keyValue(change.key, position, change, change.value);
      this.current = decoded === undefined ? current : { ...current, decoded };
    }
  }

  get previous(): KeyValue | undefined {
    if (this.#previousPosition === 0) return undefined;
    const change = this.#tables.change(this.#previousPosition);
    return change && keyValue(this.key, this.#previousPosition, change, change.value);
  }
}

/** The share of an event-loop turn that a long read may have. */
export class Turn {
  #end = performance.now() + TURN_MS;

  over(): boolean {
    return performance.now() > this.#end;
  }

  async pass(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#end = performance.now() + TURN_MS;
  }
}
