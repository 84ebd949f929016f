import type { Backend, Losses } from './backend.ts';
import { type AuditEvent, eventJson } from './event.ts';

export interface TruncateOptions {
  /** Bytes. */
  readonly maxEventSize: number;
  readonly maxBatchSize: number;
}

/** Takes the objects out of events that are too long, drops those that are too long without, and splits batches. */
export class TruncatingBackend implements Backend {
  readonly #inner: Backend;
  readonly #options: TruncateOptions;
  readonly #losses: Losses;

  constructor(inner: Backend, options: TruncateOptions, losses: Losses) {
    this.#inner = inner;
    this.#options = options;
    this.#losses = losses;
  }

  process(events: readonly AuditEvent[]): boolean | Promise<boolean> {
    const { maxEventSize, maxBatchSize } = this.#options;
    const tooLong: AuditEvent[] = [];
    const batches: AuditEvent[][] = [];
    let batch: AuditEvent[] = [];
    let batchSize = 0;
    for (const given of events) {
      let event = given;
      let size = sizeOf(event);
      if (size > maxEventSize && event.level !== 'Metadata') {
        event = truncated(event);
        size = sizeOf(event);
      }
      if (size > maxEventSize) {
        tooLong.push(event);
        continue;
      }
      if (batch.length > 0 && batchSize + size > maxBatchSize) {
        batches.push(batch);
        batch = [];
        batchSize = 0;
      }
      batch.push(event);
      batchSize += size;
    }
    if (batch.length > 0) batches.push(batch);
    if (tooLong.length > 0) this.#losses.lost('truncate', 'event is too large even after truncating', tooLong);
    const answers = batches.map((one) => this.#inner.process(one));
    if (answers.some((answer) => answer instanceof Promise))
      return Promise.all(answers).then((all) => all.every(Boolean));
    return answers.every(Boolean);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

const sizeOf = (event: AuditEvent): number => Buffer.byteLength(eventJson(event)) + 1;

const truncated = (event: AuditEvent): AuditEvent => ({
  ...event,
  requestObject: undefined,
  responseObject: undefined,
  annotations: { ...event.annotations, 'audit.k8s.io/truncated': 'true' },
});
