import { type Histogram, labelText, type Registry, type Values } from '../../utils/metrics.ts';

/** Seconds: Prometheus' own ranges, and kube-apiserver's for conditions. */
const ranges = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const conditionRanges = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

/** Counts what authorizers do, under kube-apiserver's names. */
export class AuthorizationMetrics {
  readonly #decisions: Values;
  readonly #evaluations: Values;
  readonly #seconds: Histogram;
  readonly #failOpen: Values;
  readonly #conditionErrors: Values;
  readonly #conditionExclusions: Values;
  readonly #conditionSeconds: Histogram;

  constructor(registry: Registry) {
    const name = (last: string) => `apiserver_authorization_${last}`;
    this.#decisions = registry.counter(
      name('decisions_total'),
      '[ALPHA] Decisions that ended the search, by authorizer.',
    );
    this.#evaluations = registry.counter(name('webhook_evaluations_total'), '[ALPHA] Calls of authorization webhooks.');
    this.#seconds = registry.histogram(
      name('webhook_duration_seconds'),
      '[ALPHA] Seconds that calls of authorization webhooks took.',
      ranges,
    );
    this.#failOpen = registry.counter(
      name('webhook_evaluations_fail_open_total'),
      '[ALPHA] Requests about which a webhook had no opinion since its call failed.',
    );
    this.#conditionErrors = registry.counter(
      name('match_condition_evaluation_errors_total'),
      '[ALPHA] Questions where conditions of an authorization webhook failed.',
    );
    this.#conditionExclusions = registry.counter(
      name('match_condition_exclusions_total'),
      '[ALPHA] Questions that conditions kept from an authorization webhook.',
    );
    this.#conditionSeconds = registry.histogram(
      name('match_condition_evaluation_seconds'),
      '[ALPHA] Seconds that the conditions of an authorization webhook took.',
      conditionRanges,
    );
  }

  /** Numbers to be raised by hand: they are for every request. */
  decisionsOf(type: string, name: string): { readonly allowed: { value: number }; readonly denied: { value: number } } {
    return {
      allowed: this.#decisions.of(labelText({ decision: 'allowed', name, type })),
      denied: this.#decisions.of(labelText({ decision: 'denied', name, type })),
    };
  }

  webhook(name: string, result: string, seconds: number): void {
    const labels = labelText({ name, result });
    this.#evaluations.add(labels);
    this.#seconds.observe(labels, seconds);
  }

  failOpen(name: string, result: string): void {
    this.#failOpen.add(labelText({ name, result }));
  }

  conditions(name: string, seconds: number, outcome: boolean | { readonly error: string }): void {
    const labels = labelText({ name, type: 'Webhook' });
    this.#conditionSeconds.observe(labels, seconds);
    if (outcome === false) this.#conditionExclusions.add(labels);
    else if (outcome !== true) this.#conditionErrors.add(labels);
  }
}
