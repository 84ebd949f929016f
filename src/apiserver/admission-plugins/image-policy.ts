import type { Pod } from '../../api/core/v1.gen.ts';
import { isJsonObject } from '../../schema/json.ts';
import type { Clock } from '../../utils/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { readWebhookKubeconfig, type WebhookKubeconfig } from '../config-file/kubeconfig.ts';
import { ConfigError } from '../config-file/read.ts';
import type { PluginConfigurations } from './configuration.ts';
import { mutableOf, objectOf, refusal } from './readers.ts';

const name = 'ImagePolicyWebhook';
const auditPrefix = 'imagepolicywebhook.image-policy.k8s.io/';
const failedOpen = 'alpha.image-policy.k8s.io/failed-open';
/** Answers that are remembered. */
const MOST_ANSWERS = 1024;

export interface ImagePolicySettings {
  readonly kubeconfig: WebhookKubeconfig;
  /** How long answers are good, before the first retry, in milliseconds; 0: answers are asked for every time. */
  readonly allowTtlMs: number;
  readonly denyTtlMs: number;
  readonly retryBackoffMs: number;
  /** What becomes of pods while nobody answers. */
  readonly defaultAllow: boolean;
}

const fields: ReadonlySet<string> = new Set(['kubeConfigFile', 'allowTTL', 'denyTTL', 'retryBackoff', 'defaultAllow']);

interface Decoded extends Omit<ImagePolicySettings, 'kubeconfig'> {
  readonly file: string;
}

/** The plugin's part of the admission configuration, which has no kind. Throws a ConfigurationError. */
export function readImagePolicy(configurations: PluginConfigurations): ImagePolicySettings | undefined {
  const decoded = configurations.check(name, decode);
  if (!decoded) return undefined;
  const { file, ...settings } = decoded;
  return { ...settings, kubeconfig: readWebhookKubeconfig(file, `--admission-control-config-file: ${name}`) };
}

function decode(value: unknown): Decoded {
  const policy = isJsonObject(value) ? value.imagePolicy : undefined;
  if (!isJsonObject(policy)) throw new ConfigError('imagePolicy is missing');
  const unknown = Object.keys(policy).find((key) => !fields.has(key));
  if (unknown !== undefined) throw new ConfigError(`unknown field "imagePolicy.${unknown}"`);
  const { kubeConfigFile, defaultAllow = false } = policy;
  if (typeof kubeConfigFile !== 'string' || kubeConfigFile === '')
    throw new ConfigError('imagePolicy.kubeConfigFile: Required value');
  if (typeof defaultAllow !== 'boolean') throw new ConfigError('imagePolicy.defaultAllow is not a boolean');
  const minutes = 60_000;
  return {
    file: kubeConfigFile,
    defaultAllow,
    allowTtlMs: duration(policy.allowTTL, 'allowTTL', 1000, { least: 1000, most: 30 * minutes, usual: 5 * minutes }),
    denyTtlMs: duration(policy.denyTTL, 'denyTTL', 1000, { least: 1000, most: 30 * minutes, usual: 30_000 }),
    retryBackoffMs: duration(policy.retryBackoff, 'retryBackoff', 1, { least: 1, most: 5 * minutes, usual: 500 }),
  };
}

/** 0 stands for the usual, -1 turns it off. In milliseconds. */
function duration(
  value: unknown,
  field: string,
  unit: number,
  { least, most, usual }: { readonly least: number; readonly most: number; readonly usual: number },
): number {
  if (value === undefined || value === null || value === 0) return usual;
  if (value === -1) return 0;
  const ms = typeof value === 'number' ? value * unit : Number.NaN;
  if (!(ms >= least && ms <= most))
    throw new ConfigError(
      `imagePolicy.${field}: valid value is between ${least / unit} and ${most / unit}, got ${String(value)}`,
    );
  return ms;
}

interface Answer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

export interface ImagePolicyOptions {
  readonly settings: ImagePolicySettings;
  readonly clock: Clock;
  /** Posts a review; resolves with the JSON of the answer. */
  readonly ask: (review: object) => Promise<unknown>;
}

/**
 * A webhook says which images may run.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#imagepolicywebhook
 */
export function imagePolicyWebhook({ settings, clock, ask }: ImagePolicyOptions): AdmissionPlugin {
  /** By what was asked, in order of their last use. */
  const answers = new Map<string, { readonly answer: Answer; readonly until: number }>();

  const answered = async (spec: object): Promise<Answer> => {
    const key = JSON.stringify(spec);
    const known = answers.get(key);
    answers.delete(key);
    if (known && clock.now() < known.until) {
      answers.set(key, known);
      return known.answer;
    }
    const review = { kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: {}, spec };
    const answer = readAnswer(await ask({ ...review, status: { allowed: false } }));
    const ttl = answer.allowed ? settings.allowTtlMs : settings.denyTtlMs;
    if (ttl > 0) answers.set(key, { answer, until: clock.now() + ttl });
    if (answers.size > MOST_ANSWERS) {
      const [oldest = ''] = answers.keys();
      answers.delete(oldest);
    }
    return answer;
  };

  return {
    name,
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      group === '' &&
      resource === 'pods' &&
      (subresource === '' || subresource === 'ephemeralcontainers'),

    async validate(request) {
      let answer: Answer;
      try {
        answer = await answered(specOf(request));
      } catch (error) {
        failed(request, error);
        return;
      }
      for (const [key, value] of Object.entries(answer.auditAnnotations))
        request.context.audit?.add(auditPrefix + key, value);
      if (answer.allowed) return;
      throw refusal(
        request,
        answer.reason
          ? `image policy webhook backend denied one or more images: ${answer.reason}`
          : 'one or more images rejected by webhook backend',
      );
    },
  };

  function failed(request: AdmissionRequest, error: unknown): void {
    // Kubernetes wraps a refusal in a refusal here.
    if (!settings.defaultAllow) {
      const why = error instanceof Error ? error.message : String(error);
      throw refusal(request, refusal(request, why).message);
    }
    request.context.audit?.add(`${auditPrefix}failed-open`, 'true');
    // The object that is stored is the one that validation sees; nobody else has it yet.
    const { metadata } = mutableOf<Pod>(request);
    metadata.annotations = { ...metadata.annotations, [failedOpen]: 'true' };
  }
}

function specOf(request: AdmissionRequest): object {
  const { spec, metadata } = objectOf<Pod>(request);
  const containers =
    request.target.subresource === ''
      ? [...spec.containers, ...(spec.initContainers ?? [])]
      : (spec.ephemeralContainers ?? []);
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) =>
    key.includes('.image-policy.k8s.io/'),
  );
  return {
    containers: containers.map(({ image }) => ({ image })),
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
    namespace: request.target.namespace,
  };
}

function readAnswer(value: unknown): Answer {
  const status = isJsonObject(value) ? value.status : undefined;
  if (!isJsonObject(status)) throw new Error('the answer is no ImageReview');
  const { allowed, reason, auditAnnotations } = status;
  const annotations = isJsonObject(auditAnnotations) ? Object.entries(auditAnnotations) : [];
  return {
    allowed: allowed === true,
    reason: typeof reason === 'string' ? reason : '',
    auditAnnotations: Object.fromEntries(
      annotations.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  };
}
