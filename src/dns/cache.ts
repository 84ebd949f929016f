import type { Clock } from '../utils/clock.ts';
import type { AnswerShape } from './wire.ts';

export interface CachedAnswer {
  readonly message: Buffer;
  readonly shape: AnswerShape;
}

interface Entry extends CachedAnswer {
  readonly storedAt: number;
  readonly expiresAt: number;
}

/** As in kubeadm's Corefile ("cache 30"). */
const LONGEST_SECONDS = 30;

/** Upstreams' answers for as long as they are good, bounded in number and bytes; the longest unused goes first. */
export class AnswerCache {
  readonly #clock: Clock;
  readonly #mostEntries: number;
  readonly #mostBytes: number;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(clock: Clock, limits: { entries: number; bytes: number } = { entries: 10_000, bytes: 4 << 20 }) {
    this.#clock = clock;
    this.#mostEntries = limits.entries;
    this.#mostBytes = limits.bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `ageSeconds`: to be taken off the times to live. */
  get(key: string): (CachedAnswer & { readonly ageSeconds: number }) | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const now = this.#clock.now();
    this.#remove(key, entry);
    if (now >= entry.expiresAt) return undefined;
    this.#add(key, entry);
    return { ...entry, ageSeconds: Math.floor((now - entry.storedAt) / 1000) };
  }

  set(key: string, answer: CachedAnswer): void {
    const known = this.#entries.get(key);
    if (known) this.#remove(key, known);
    const seconds = Math.min(answer.shape.ttl, LONGEST_SECONDS);
    if (seconds <= 0 || answer.message.length > this.#mostBytes) return;
    const now = this.#clock.now();
    this.#add(key, { ...answer, storedAt: now, expiresAt: now + seconds * 1000 });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#mostEntries && this.#bytes <= this.#mostBytes) break;
      this.#remove(oldest, entry);
    }
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.message.length;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.message.length;
  }
}
