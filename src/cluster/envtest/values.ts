/** What is wrong with a value of kube-apiserver's flags, in the words in which it refuses to start. */
import { isIP } from 'node:net';
import { parseDuration } from '../../schema/duration.ts';
import { quote } from '../../schema/quote.ts';

/** A command line that kube-apiserver would refuse, in its words. */
export class FlagError extends Error {
  override name = 'FlagError';
}

const ips = new Set(['advertise-address', 'bind-address']);
const numbers = new Set([
  ...['log', 'webhook'].flatMap((backend) =>
    [
      'batch-buffer-size',
      'batch-max-size',
      'batch-throttle-burst',
      'truncate-max-event-size',
      'truncate-max-batch-size',
    ].map((name) => `audit-${backend}-${name}`),
  ),
  'audit-log-maxage',
  'audit-log-maxbackup',
  'audit-log-maxsize',
  'delete-collection-workers',
  'http2-max-streams-per-connection',
  'kubernetes-service-node-port',
  'max-mutating-requests-inflight',
  'max-requests-inflight',
  'min-request-timeout',
  'secure-port',
]);
const durations = new Set([
  'audit-log-batch-max-wait',
  'audit-webhook-batch-max-wait',
  'audit-webhook-initial-backoff',
  'authentication-token-webhook-cache-ttl',
  'authorization-webhook-cache-authorized-ttl',
  'authorization-webhook-cache-unauthorized-ttl',
  'etcd-compaction-interval',
  'etcd-count-metric-poll-period',
  'event-ttl',
  'kubelet-timeout',
  'livez-grace-period',
  'request-timeout',
  'service-account-max-token-expiration',
  'shutdown-delay-duration',
  'storage-initialization-timeout',
]);

/** Throws a FlagError for a value that is not of the flag's type. */
export function checkValue(name: string, text: string, boolean: boolean): void {
  const invalid = (why: string) =>
    new FlagError(`invalid argument ${quote(text)} for "${name === 'v' ? '-v, --v' : `--${name}`}" flag: ${why}`);
  const unparsed = (type: string) => invalid(`strconv.Parse${type}: parsing ${quote(text)}: invalid syntax`);
  if (boolean && !isBoolean(text)) throw unparsed('Bool');
  if (ips.has(name) && isIP(text) === 0) throw invalid(`failed to parse IP: ${quote(text)}`);
  if (numbers.has(name) && !/^[+-]?\d+$/.test(text)) throw unparsed('Int');
  if (name === 'v' && !/^\d+$/.test(text)) throw unparsed('Uint');
  if (durations.has(name)) {
    try {
      parseDuration(text);
    } catch (error) {
      throw invalid((error as Error).message);
    }
  }
}

const allOf: ReadonlySet<string> = new Set(['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC']);
const fileOfMode: Readonly<Record<string, readonly [flag: string, what: string]>> = {
  ABAC: ['authorization-policy-file', 'policy'],
  Webhook: ['authorization-webhook-config-file', 'config'],
};

/** Throws a FlagError for values that are of their flag's type and make no sense. */
export function checkSettings(values: ReadonlyMap<string, readonly string[]>): void {
  const list = (name: string) => (values.get(name) ?? []).flatMap((value) => value.split(',')).filter(Boolean);
  const modes = list('authorization-mode');
  for (const mode of modes) {
    if (!allOf.has(mode) && !Object.hasOwn(fileOfMode, mode)) {
      throw new FlagError(`authorization-mode ${quote(mode)} is not a valid mode`);
    }
  }
  for (const [mode, [flag, what]] of Object.entries(fileOfMode)) {
    if (modes.includes(mode) && !values.has(flag)) {
      throw new FlagError(`authorization-mode ${mode}'s authorization ${what} file not passed`);
    }
  }
  const legacy = [...values.keys()].some((name) => /^authorization-(mode|webhook-.*)$/.test(name));
  if (values.has('authorization-config') && legacy) {
    throw new FlagError(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    );
  }
  for (const gate of list('feature-gates')) {
    const [, value] = gate.split(/=(.*)/s);
    if (value === undefined) throw new FlagError(`missing bool value for ${gate}`);
    if (!isBoolean(value.trim())) {
      throw new FlagError(`invalid value of ${gate}, err: strconv.ParseBool: parsing ${quote(value)}: invalid syntax`);
    }
  }
  for (const pair of list('runtime-config')) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    if (!isBoolean(value)) throw new FlagError(`invalid value ${name}=${value}`);
  }
  const oidc = [...values.keys()].some((name) => name.startsWith('oidc-'));
  if (oidc && !(values.has('oidc-issuer-url') && values.has('oidc-client-id'))) {
    throw new FlagError('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set');
  }
}

const isBoolean = (text: string): boolean => isTrue(text) || /^(0|f|F|FALSE|false|False)$/.test(text);

export const isTrue = (text: string): boolean => /^(1|t|T|TRUE|true|True)$/.test(text);
