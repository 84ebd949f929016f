import { ApiError } from '../../api/errors.ts';
import { Histogram, labelText, Values } from '../../utils/metrics.ts';
import type { AdmissionOperation } from '../admission.ts';
import { CallFailed } from './caller.ts';

/** From 5 ms to the longest that a webhook may take. */
const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
/** Codes above are shown as this one, so that no webhook makes series without end. */
const MAX_CODE = 600;

export type WebhookType = 'admit' | 'validating';

/** The metrics of admission webhooks under kube-apiserver's names. */
export class WebhookMetrics {
  readonly #seconds = new Histogram(
    'apiserver_admission_webhook_admission_duration_seconds',
    '[STABLE] Seconds that webhooks took.',
    bounds,
  );
  readonly #requests = new Values('counter', 'apiserver_admission_webhook_request_total', '[ALPHA] Webhooks asked.');
  readonly #rejections = new Values(
    'counter',
    'apiserver_admission_webhook_rejection_count',
    '[ALPHA] Requests refused because of a webhook: by its word, or since it could not be asked.',
  );
  readonly #failOpen = new Values(
    'counter',
    'apiserver_admission_webhook_fail_open_count',
    '[ALPHA] Requests let through though a webhook could not be asked.',
  );

  /** Counts a webhook's answer, or its failure. `ignored`: its failure policy lets the request through. */
  observe(
    name: string,
    type: WebhookType,
    operation: AdmissionOperation,
    seconds: number,
    error: unknown,
    ignored: boolean,
  ): void {
    const rejected = error !== undefined && !ignored;
    const code = codeOf(error);
    const common = { name, type, operation };
    this.#seconds.observe(labelText({ ...common, rejected: String(rejected) }), seconds);
    this.#requests.add(labelText({ ...common, code, rejected: String(rejected) }));
    if (rejected) {
      this.#rejections.add(labelText({ ...common, error_type: errorType(error), rejection_code: code }));
    } else if (error !== undefined) this.#failOpen.add(labelText({ name, type }));
  }

  render(lines: string[]): void {
    for (const family of [this.#seconds, this.#requests, this.#rejections, this.#failOpen]) family.render(lines);
  }
}

function codeOf(error: unknown): number {
  if (error === undefined) return 200;
  return error instanceof CallFailed || error instanceof ApiError ? Math.min(error.code, MAX_CODE) : 0;
}

function errorType(error: unknown): string {
  if (error instanceof CallFailed) return 'calling_webhook_error';
  return error instanceof ApiError ? 'no_error' : 'apiserver_internal_error';
}
