import type { Backend, Losses } from './backend.ts';
import { type AuditEvent, eventJson } from './event.ts';

/** Posts a text, which is JSON; rejects where it was not taken. */
export type Post = (body: string) => Promise<void>;

/** Sends events to a webhook, as an EventList each time. https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend */
export class WebhookBackend implements Backend {
  readonly #post: Post;
  readonly #losses: Losses;
  readonly #end: () => void;

  constructor(post: Post, end: () => void, losses: Losses) {
    this.#post = post;
    this.#end = end;
    this.#losses = losses;
  }

  async process(events: readonly AuditEvent[]): Promise<boolean> {
    const items = events.map((event) => eventJson(event).replace('"kind":"Event","apiVersion":"audit.k8s.io/v1",', ''));
    try {
      await this.#post(
        `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items.join(',')}]}`,
      );
      return true;
    } catch (error) {
      this.#losses.lost('webhook', (error as Error).message, events);
      return false;
    }
  }

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }
}
