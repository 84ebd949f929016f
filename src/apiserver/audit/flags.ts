import type { Clock } from '../../utils/clock.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import type { Logger } from '../../utils/log.ts';
import type { Registry } from '../../utils/metrics.ts';
import { readWebhookKubeconfig } from '../config-file/kubeconfig.ts';
import { RemoteWebhook } from '../config-file/remote-webhook.ts';
import { Auditor, type AuditSink } from './auditor.ts';
import { AuditMetrics, type Backend, Losses } from './backend.ts';
import { BatchingBackend } from './batching.ts';
import { LogBackend, type LogFormat, standardOutput } from './log-backend.ts';
import { PolicyRules, readPolicy } from './policy.ts';
import { RefusalLog } from './refusal-log.ts';
import { RotatingFile } from './rotating-file.ts';
import { TruncatingBackend } from './truncate.ts';
import { WebhookBackend } from './webhook-backend.ts';

/** kube-apiserver's flags about auditing, by their names. Durations in milliseconds, sizes in bytes but for maxsize. */
export interface AuditFlags {
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditLogFormat?: string;
  readonly auditLogVersion?: string;
  /** Days. */
  readonly auditLogMaxage?: number;
  readonly auditLogMaxbackup?: number;
  /** Megabytes. */
  readonly auditLogMaxsize?: number;
  readonly auditLogCompress?: boolean;
  readonly auditLogMode?: string;
  readonly auditLogBatchBufferSize?: number;
  readonly auditLogBatchMaxSize?: number;
  readonly auditLogBatchMaxWait?: number;
  readonly auditLogBatchThrottleEnable?: boolean;
  readonly auditLogBatchThrottleQps?: number;
  readonly auditLogBatchThrottleBurst?: number;
  readonly auditLogTruncateEnabled?: boolean;
  readonly auditLogTruncateMaxEventSize?: number;
  readonly auditLogTruncateMaxBatchSize?: number;
  readonly auditWebhookConfigFile?: string;
  readonly auditWebhookVersion?: string;
  readonly auditWebhookInitialBackoff?: number;
  readonly auditWebhookMode?: string;
  readonly auditWebhookBatchBufferSize?: number;
  readonly auditWebhookBatchMaxSize?: number;
  readonly auditWebhookBatchMaxWait?: number;
  readonly auditWebhookBatchThrottleEnable?: boolean;
  readonly auditWebhookBatchThrottleQps?: number;
  readonly auditWebhookBatchThrottleBurst?: number;
  readonly auditWebhookTruncateEnabled?: boolean;
  readonly auditWebhookTruncateMaxEventSize?: number;
  readonly auditWebhookTruncateMaxBatchSize?: number;
}

export interface AuditSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  /** In [0, 1): spreads retries. */
  readonly random: () => number;
}

const modes = ['batch', 'blocking', 'blocking-strict'] as const;
type Mode = (typeof modes)[number];
const formats = ['legacy', 'json'] as const;
const VERSION = 'audit.k8s.io/v1';
/** With all attempts: five of them, and what is waited in between at kube-apiserver's default. Milliseconds. */
const POST_MS = 180_000;

/** What both backends have flags for. */
interface Shared {
  readonly name: 'log' | 'webhook';
  readonly mode: string;
  readonly version: string;
  readonly bufferSize: number;
  readonly maxBatchSize: number;
  readonly maxBatchWait: number;
  readonly throttle: boolean;
  readonly qps: number;
  readonly burst: number;
  readonly truncate: boolean;
  readonly maxEventSize: number;
  readonly truncateBatchSize: number;
}

function logFlags(flags: AuditFlags): Shared {
  return {
    name: 'log',
    mode: flags.auditLogMode ?? 'blocking',
    version: flags.auditLogVersion ?? VERSION,
    bufferSize: flags.auditLogBatchBufferSize ?? 10_000,
    maxBatchSize: flags.auditLogBatchMaxSize ?? 1,
    maxBatchWait: flags.auditLogBatchMaxWait ?? 0,
    throttle: flags.auditLogBatchThrottleEnable ?? false,
    qps: flags.auditLogBatchThrottleQps ?? 0,
    burst: flags.auditLogBatchThrottleBurst ?? 0,
    truncate: flags.auditLogTruncateEnabled ?? false,
    maxEventSize: flags.auditLogTruncateMaxEventSize ?? 100 * 1024,
    truncateBatchSize: flags.auditLogTruncateMaxBatchSize ?? 10 * 1024 * 1024,
  };
}

function webhookFlags(flags: AuditFlags): Shared {
  return {
    name: 'webhook',
    mode: flags.auditWebhookMode ?? 'batch',
    version: flags.auditWebhookVersion ?? VERSION,
    bufferSize: flags.auditWebhookBatchBufferSize ?? 10_000,
    maxBatchSize: flags.auditWebhookBatchMaxSize ?? 400,
    maxBatchWait: flags.auditWebhookBatchMaxWait ?? 30_000,
    throttle: flags.auditWebhookBatchThrottleEnable ?? true,
    qps: flags.auditWebhookBatchThrottleQps ?? 10,
    burst: flags.auditWebhookBatchThrottleBurst ?? 15,
    truncate: flags.auditWebhookTruncateEnabled ?? false,
    maxEventSize: flags.auditWebhookTruncateMaxEventSize ?? 100 * 1024,
    truncateBatchSize: flags.auditWebhookTruncateMaxBatchSize ?? 10 * 1024 * 1024,
  };
}

/** What is wrong with flags, in kube-apiserver's words. */
function problems(shared: Shared): string[] {
  const { name, mode, qps, burst } = shared;
  const found: string[] = [];
  const positive = (what: string, value: number) =>
    `invalid audit batch ${name} ${what} ${value}, must be a positive number`;
  if (!modes.some((known) => known === mode))
    found.push(`invalid audit ${name} mode ${mode}, allowed modes are "${modes.join(',')}"`);
  else if (mode === 'batch') {
    if (shared.bufferSize <= 0) found.push(positive('buffer size', shared.bufferSize));
    else if (shared.maxBatchSize <= 0) found.push(positive('max batch size', shared.maxBatchSize));
    else if (shared.throttle && qps <= 0) found.push(positive('throttle QPS', qps));
    else if (shared.throttle && burst <= 0) found.push(positive('throttle burst', burst));
  }
  if (shared.maxEventSize <= 0)
    found.push(`invalid audit truncate ${name} max event size ${shared.maxEventSize}, must be a positive number`);
  else if (shared.truncateBatchSize < shared.maxEventSize) {
    const than = `must be greater than max event size (${shared.maxEventSize})`;
    found.push(`invalid audit truncate ${name} max batch size ${shared.truncateBatchSize}, ${than}`);
  }
  if (shared.version !== VERSION) found.push(`invalid group version, allowed versions are ["${VERSION}"]`);
  return found;
}

function logProblems(flags: AuditFlags): string[] {
  const found = problems(logFlags(flags));
  const format = flags.auditLogFormat ?? 'json';
  if (!formats.some((known) => known === format))
    found.push(`invalid audit log format ${format}, allowed formats are "${formats.join(',')}"`);
  for (const [name, value = 0] of [
    ['maxage', flags.auditLogMaxage],
    ['maxbackup', flags.auditLogMaxbackup],
    ['maxsize', flags.auditLogMaxsize],
  ] as const) {
    if (value < 0) found.push(`--audit-log-${name} ${value} can't be a negative number`);
  }
  return found;
}

/**
 * What records requests as the flags say; undefined where nothing is to be recorded. Throws a ConfigurationError, in
 * words that name the flag, for what makes no sense.
 */
export function createAuditor(flags: AuditFlags, surroundings: AuditSurroundings): Auditor | undefined {
  const { auditLogPath, auditWebhookConfigFile, auditPolicyFile } = flags;
  const found = [
    ...(auditLogPath ? logProblems(flags) : []),
    ...(auditWebhookConfigFile ? problems(webhookFlags(flags)) : []),
  ];
  if (found.length > 0) throw new ConfigurationError(found.length === 1 ? (found[0] ?? '') : `[${found.join(', ')}]`);
  const policy = auditPolicyFile ? readPolicy(auditPolicyFile) : undefined;
  const { clock, log, registry } = surroundings;
  if (!policy || !(auditLogPath || auditWebhookConfigFile)) {
    if (policy) log.warn('--audit-policy-file has no effect without --audit-log-path or --audit-webhook-config-file');
    else if (auditLogPath || auditWebhookConfigFile)
      log.warn('No audit policy file provided, no events will be recorded: see --audit-policy-file');
    return undefined;
  }
  const metrics = new AuditMetrics(registry);
  const losses = new Losses(metrics, log);
  const sinks: AuditSink[] = [];
  if (auditLogPath) {
    const shared = logFlags(flags);
    const options = { format: formatOf(flags), together: shared.mode === 'blocking' };
    const backend = new LogBackend(lines(auditLogPath, flags, surroundings), options, losses);
    sinks.push(sinkOf(backend, shared, clock, losses));
  }
  if (auditWebhookConfigFile) {
    const backend = webhook(auditWebhookConfigFile, flags.auditWebhookInitialBackoff ?? 10_000, surroundings, losses);
    sinks.push(sinkOf(backend, webhookFlags(flags), clock, losses));
  }
  return new Auditor({ rules: new PolicyRules(policy), sinks, metrics, clock });
}

const formatOf = ({ auditLogFormat }: AuditFlags): LogFormat => (auditLogFormat === 'legacy' ? 'legacy' : 'json');

function lines(path: string, flags: AuditFlags, { clock, log }: AuditSurroundings) {
  if (path === '-') return standardOutput;
  try {
    return new RotatingFile({
      path,
      maxBytes: (flags.auditLogMaxsize ?? 100) * 1024 * 1024,
      maxBackups: flags.auditLogMaxbackup ?? 100,
      maxAgeDays: flags.auditLogMaxage ?? 366,
      compress: flags.auditLogCompress ?? false,
      clock,
      log,
    });
  } catch (error) {
    const { message } = error as Error;
    throw new ConfigurationError(`--audit-log-path: ${path} cannot be written: ${message}`);
  }
}

function webhook(file: string, retryMs: number, { clock, random }: AuditSurroundings, losses: Losses): Backend {
  const flag = '--audit-webhook-config-file';
  const config = readWebhookKubeconfig(file, flag);
  const remote = new RemoteWebhook(config, { clock, random, timeoutMs: POST_MS, retryMs });
  return new WebhookBackend(
    (json) => remote.send(json),
    () => remote.close(),
    losses,
  );
}

/** As kube-apiserver nests them: events are cut to size before they wait. */
function sinkOf(backend: Backend, shared: Shared, clock: Clock, losses: Losses): AuditSink {
  // `problems` has looked at it.
  const mode = shared.mode as Mode;
  const { bufferSize, maxBatchSize, maxBatchWait, throttle, qps, burst, maxEventSize, truncateBatchSize } = shared;
  let made = backend;
  if (mode === 'batch') {
    const options = { bufferSize, maxBatchSize, maxBatchWait, ...(throttle && { throttle: { qps, burst } }) };
    made = new BatchingBackend(made, options, clock, losses);
  }
  if (shared.truncate) made = new TruncatingBackend(made, { maxEventSize, maxBatchSize: truncateBatchSize }, losses);
  return { backend: made, strict: mode === 'blocking-strict' };
}

const REFUSALS_BYTES = 8 * 1024 * 1024;

/** The log of refused requests: some ten thousand of them, and as many again in the file before. */
export function openRefusalLog(path: string, { clock, log }: AuditSurroundings): RefusalLog {
  const file = { path, maxBytes: REFUSALS_BYTES, maxBackups: 1, maxAgeDays: 30, compress: false, clock, log };
  return new RefusalLog(new RotatingFile(file), clock, log);
}
