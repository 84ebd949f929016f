import { ConfigurationError } from '../../utils/configuration-error.ts';
import { defaultLimits, type Limits } from './limits.ts';

/** kube-apiserver's flags about how much is served at a time, by their names. Durations in milliseconds. */
export interface LimitFlags {
  readonly enablePriorityAndFairness?: boolean;
  readonly maxRequestsInflight?: number;
  readonly maxMutatingRequestsInflight?: number;
  readonly requestTimeout?: number;
  readonly goawayChance?: number;
  readonly http2MaxStreamsPerConnection?: number;
  readonly shutdownDelayDuration?: number;
  readonly shutdownSendRetryAfter?: boolean;
  readonly shutdownWatchTerminationGracePeriod?: number;
}

export interface LimitSettings {
  readonly limits: Partial<Limits>;
  /** All that fairness shares out; undefined where it is off. */
  readonly seats: number | undefined;
  /** How long requests are served as before after the server was asked to stop: load balancers need to find out. */
  readonly shutdownDelayMs: number;
}

/** Throws a ConfigurationError for what makes no sense. */
export function readLimitFlags(flags: LimitFlags): LimitSettings {
  const { goawayChance = 0, http2MaxStreamsPerConnection: streams } = flags;
  if (!(goawayChance >= 0 && goawayChance <= 0.02))
    throw new ConfigurationError('--goaway-chance can not be less than 0 or greater than 0.02');
  const { maxRequestsInflight: reading = defaultLimits.requestsInFlight } = flags;
  const { maxMutatingRequestsInflight: mutating = defaultLimits.mutatingRequestsInFlight } = flags;
  const fair = flags.enablePriorityAndFairness ?? true;
  if (fair && reading + mutating <= 0)
    throw new ConfigurationError(
      '--max-requests-inflight and --max-mutating-requests-inflight are both 0: with priority and fairness their sum is what is shared out, and must be above 0',
    );
  return {
    limits: {
      requestsInFlight: reading,
      mutatingRequestsInFlight: mutating,
      goawayChance,
      ...(flags.requestTimeout !== undefined && { requestTimeoutMs: flags.requestTimeout }),
      ...(streams && { concurrentStreams: streams }),
      ...(flags.shutdownSendRetryAfter && { shutdownSendsRetryAfter: true }),
      ...(flags.shutdownWatchTerminationGracePeriod && { watchEndMs: flags.shutdownWatchTerminationGracePeriod }),
    },
    seats: fair ? reading + mutating : undefined,
    shutdownDelayMs: flags.shutdownDelayDuration ?? 0,
  };
}
