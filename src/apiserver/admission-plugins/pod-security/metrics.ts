import { type Cell, labelText, type Registry, type Values } from '../../../utils/metrics.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { LevelVersion } from './levels.ts';
import type { Mode } from './policy.ts';

/** This API server's own minor version: what is later is "future". */
const OWN = 36;

/** What the plugin decided, under Kubernetes' names. Without a registry nothing is counted. */
export class PodSecurityMetrics {
  readonly #evaluations: Values | undefined;
  readonly #exemptions: Values | undefined;
  readonly #errors: Values | undefined;
  /** Nearly every pod of a cluster without labels ends here. */
  #commonKey = '';
  #common: Cell | undefined;

  constructor(registry?: Registry) {
    this.#evaluations = registry?.counter(
      'pod_security_evaluations_total',
      '[ALPHA] Number of policy evaluations that occurred, not counting ignored or exempt requests.',
    );
    this.#exemptions = registry?.counter(
      'pod_security_exemptions_total',
      '[ALPHA] Number of exempt requests, not counting ignored or out of scope requests.',
    );
    this.#errors = registry?.counter(
      'pod_security_errors_total',
      '[ALPHA] Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.',
    );
  }

  evaluation(
    decision: 'allow' | 'deny',
    { level, version }: LevelVersion,
    mode: Mode,
    request: AdmissionRequest,
  ): void {
    if (!this.#evaluations) return;
    const text = version === 'latest' || level === 'privileged' ? 'latest' : version > OWN ? 'future' : `v1.${version}`;
    const key = `${decision} ${level} ${text} ${mode} ${request.operation} ${request.target.resource.data.resource} ${request.target.subresource}`;
    if (key !== this.#commonKey || !this.#common) {
      this.#commonKey = key;
      this.#common = this.#evaluations.of(
        labelText({ decision, policy_level: level, policy_version: text, mode, ...about(request) }),
      );
    }
    this.#common.value++;
  }

  exemption(request: AdmissionRequest): void {
    this.#exemptions?.add(labelText(about(request)));
  }

  /** `fatal`: the request was refused for it. */
  error(fatal: boolean, request: AdmissionRequest): void {
    this.#errors?.add(labelText({ fatal: String(fatal), ...about(request) }));
  }
}

const about = ({ operation, target }: AdmissionRequest) => {
  const { resource } = target.resource.data;
  return {
    request_operation: operation.toLowerCase(),
    resource: resource === 'pods' ? 'pod' : resource === 'namespaces' ? 'namespace' : 'controller',
    subresource: target.subresource,
  };
};
