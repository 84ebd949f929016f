import { isJsonObject } from '../../schema/json.ts';
import type { AuditAnnotations } from '../audit-annotations.ts';
import type { Hook } from './hooks.ts';

/** What audit events say of one call of a mutating webhook, in the round and at the place that it has. */
export class WebhookAudit {
  readonly #audit: AuditAnnotations | undefined;
  readonly #hook: Hook;
  readonly #place: string;

  constructor(audit: AuditAnnotations | undefined, hook: Hook, round: number, index: number) {
    this.#audit = audit;
    this.#hook = hook;
    this.#place = `round_${round}_index_${index}`;
  }

  asked(mutated: boolean): void {
    this.#audit?.add(`mutation.webhook.admission.k8s.io/${this.#place}`, JSON.stringify({ ...this.#who, mutated }));
  }

  patched(operations: readonly unknown[]): void {
    if (!this.#audit) return;
    const value = JSON.stringify({ ...this.#who, patch: operations.map(inOrder), patchType: 'JSONPatch' });
    this.#audit.add(`patch.webhook.admission.k8s.io/${this.#place}`, value, 'Request');
  }

  failedOpen(): void {
    this.#audit?.add(`failed-open.mutation.webhook.admission.k8s.io/${this.#place}`, this.#hook.webhook.name);
  }

  get #who(): object {
    return { configuration: this.#hook.configuration, webhook: this.#hook.webhook.name };
  }
}

/** With its members by name, as Go writes maps. */
const inOrder = (operation: unknown): unknown =>
  isJsonObject(operation)
    ? Object.fromEntries(Object.entries(operation).sort(([a], [b]) => (a < b ? -1 : 1)))
    : operation;
