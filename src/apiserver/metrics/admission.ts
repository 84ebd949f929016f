import { type Distribution, type Histogram, labelText, type Registry } from '../../utils/metrics.ts';
import type { AdmissionOperation } from '../admission.ts';

/** Seconds, kube-apiserver's. */
const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

export type AdmissionType = 'admit' | 'validate';

/** How long plugins took with one sort of requests. */
export class PluginTimes {
  readonly #labels: (rejected: boolean) => string;
  readonly #histogram: Histogram;
  #accepted: Distribution | undefined;

  constructor(histogram: Histogram, labels: (rejected: boolean) => string) {
    this.#histogram = histogram;
    this.#labels = labels;
  }

  observe(milliseconds: number, rejected: boolean): void {
    if (rejected) this.#histogram.observe(this.#labels(true), milliseconds / 1000);
    else {
      this.#accepted ??= this.#histogram.of(this.#labels(false));
      this.#accepted.observe(milliseconds / 1000);
    }
  }
}

/** The metrics of built-in admission plugins, and of their steps, under kube-apiserver's names. */
export class AdmissionMetrics {
  readonly #plugins: Histogram;
  readonly #steps: Histogram;

  constructor(registry: Registry) {
    this.#plugins = registry.histogram(
      'apiserver_admission_controller_admission_duration_seconds',
      '[STABLE] Seconds that an admission plugin took.',
      bounds,
    );
    this.#steps = registry.histogram(
      'apiserver_admission_step_admission_duration_seconds',
      '[STABLE] Seconds that all plugins of a step took together.',
      bounds,
    );
  }

  plugin(name: string, type: AdmissionType, operation: AdmissionOperation): PluginTimes {
    return new PluginTimes(this.#plugins, (rejected) => labelText({ name, operation, rejected: `${rejected}`, type }));
  }

  step(type: AdmissionType, operation: AdmissionOperation): PluginTimes {
    return new PluginTimes(this.#steps, (rejected) => labelText({ operation, rejected: `${rejected}`, type }));
  }
}
