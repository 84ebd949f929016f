import type { Event } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { Event as NewEvent } from '../../api/events/v1.gen.ts';
import { aggregate, type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { Clock } from '../../utils/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { configKind } from '../config-file/kinds.ts';
import type { PluginConfigurations } from './configuration.ts';
import { objectOf } from './readers.ts';

const name = 'EventRateLimit';
const limitTypes = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const;
type LimitType = (typeof limitTypes)[number];

export interface EventLimit {
  readonly type: LimitType;
  /** Events a second in the long run. */
  readonly qps: number;
  /** Events at once. */
  readonly burst: number;
  /** Of how many namespaces, users or objects the count is kept. */
  readonly cacheSize?: number;
}

const defaultCacheSize = 4096;

const kind = configKind<{ readonly limits?: readonly Partial<EventLimit>[] }>('Configuration', {
  'eventratelimit.admission.k8s.io/v1alpha1': {
    Configuration: { limits: { list: 'Limit' } },
    Limit: {
      type: { type: 'string' },
      qps: { type: 'int32' },
      burst: { type: 'int32' },
      cacheSize: { type: 'int32' },
    },
  },
});

/** The plugin's part of the admission configuration. Throws a ConfigurationError. */
export function readEventLimits(configurations: PluginConfigurations): readonly EventLimit[] {
  const { limits = [] } = configurations.of(name, kind) ?? {};
  const found: FieldError[] = [];
  const path = Path.of('limits');
  if (limits.length === 0) found.push(fieldErrors.invalid(path, null, 'must not be empty'));
  const read: EventLimit[] = [];
  limits.forEach(({ type = '' as LimitType, burst = 0, qps = 0, cacheSize = 0 }, i) => {
    const at = path.index(i);
    if (!limitTypes.includes(type))
      found.push(fieldErrors.notSupported(at.child('type'), type, [...limitTypes].sort()));
    if (burst <= 0) found.push(fieldErrors.invalid(at.child('burst'), burst, 'must be positive'));
    if (qps <= 0) found.push(fieldErrors.invalid(at.child('qps'), qps, 'must be positive'));
    if (type !== 'Server' && cacheSize < 0)
      found.push(fieldErrors.invalid(at.child('cacheSize'), cacheSize, 'must not be negative'));
    read.push({ type, burst, qps, cacheSize });
  });
  if (found.length > 0) throw configurations.refuse(name, aggregate(found));
  return read;
}

/** Counts of one limit: a bucket a key, that fills up as time goes. */
class Limiter {
  readonly type: LimitType;
  readonly #limit: EventLimit;
  readonly #clock: Clock;
  /** In order of their last use. */
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(limit: EventLimit, clock: Clock) {
    this.type = limit.type;
    this.#limit = limit;
    this.#clock = clock;
  }

  tryAccept(key: string): boolean {
    const { qps, burst, cacheSize } = this.#limit;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > (cacheSize || defaultCacheSize)) {
      const [oldest = ''] = this.#buckets.keys();
      this.#buckets.delete(oldest);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * qps);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

/**
 * Events come no faster than the limits say.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#eventratelimit
 */
export function eventRateLimit(limits: readonly EventLimit[], clock: Clock): AdmissionPlugin {
  const limiters = limits.map((limit) => new Limiter(limit, clock));
  return {
    name,
    handles: (operation, group, resource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      resource === 'events' &&
      (group === '' || group === 'events.k8s.io'),
    validate(request) {
      if (request.dryRun) return;
      const problems: string[] = [];
      for (const limiter of limiters) {
        const key = keyOf(limiter.type, request);
        if (!limiter.tryAccept(key)) problems.push(`limit reached on type ${limiter.type} for key ${key}`);
      }
      const once = [...new Set(problems)];
      if (once.length > 0)
        throw errors.tooManyRequests(`Too many requests: ${once.length === 1 ? once[0] : `[${once.join(', ')}]`}`);
    },
  };
}

function keyOf(type: LimitType, request: AdmissionRequest): string {
  if (type === 'Namespace') return request.target.namespace;
  if (type === 'User') return request.context.user.name;
  if (type === 'Server') return '';
  // An event of events.k8s.io has the same under other names.
  const event = objectOf<Event & Pick<NewEvent, 'regarding' | 'deprecatedSource'>>(request);
  const [source, of] = [event.source ?? event.deprecatedSource, event.involvedObject ?? event.regarding];
  return [source?.component, source?.host, of?.kind, of?.namespace, of?.name, of?.uid, of?.apiVersion].join('');
}
