/** kube-apiserver's command line, as far as a test's API server needs it. */
import type { AdmissionFlags } from '../../apiserver/admission-plugins/flags.ts';
import { allOrderedPlugins } from '../../apiserver/admission-plugins/names.ts';
import type { AuditFlags } from '../../apiserver/audit/flags.ts';
import type { AuthenticationFlags } from '../../apiserver/authentication/flags.ts';
import type { AuthorizationFlags } from '../../apiserver/authorization/flags.ts';
import type { LimitFlags } from '../../apiserver/http/limit-flags.ts';
import type { ServingFlags } from '../../apiserver/http/serving-flags.ts';
import { parseDuration } from '../../schema/duration.ts';
import { checkSettings, checkValue, FlagError, isTrue } from './values.ts';

export interface ApiServerFlags {
  readonly bindAddress: string;
  readonly securePort: number;
  readonly advertiseAddress?: string;
  readonly certDir: string;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly clientCaFile?: string;
  /** Beside the certificate. */
  readonly serving: Pick<ServingFlags, 'tlsCipherSuites' | 'tlsMinVersion' | 'tlsSniCertKey'>;
  /** A file that says the same as flags, and more. */
  readonly authorization: AuthorizationFlags;
  readonly authentication: AuthenticationFlags;
  readonly audit: AuditFlags;
  readonly admission: AdmissionFlags;
  readonly limits: LimitFlags;
  /** One, or two with a comma between. */
  readonly serviceClusterIpRange: string;
  readonly serviceNodePortRange: string;
  /** Given, known to kube-apiserver, and without effect here: what to warn of. */
  readonly ignored: readonly string[];
}

const booleans = words(`
  aggregator-reject-forwarding-redirect allow-privileged anonymous-auth audit-log-batch-throttle-enable
  audit-log-compress audit-log-truncate-enabled audit-webhook-batch-throttle-enable audit-webhook-truncate-enabled
  contention-profiling disable-http2-serving emulation-forward-compatible enable-aggregator-routing
  enable-bootstrap-token-auth enable-garbage-collector enable-logs-handler enable-priority-and-fairness
  encryption-provider-config-automatic-reload log-json-split-stream log-text-split-stream permit-address-sharing
  permit-port-sharing profiling runtime-config-emulation-forward-compatible service-account-extend-token-expiration
  service-account-lookup shutdown-send-retry-after watch-cache`);

/** Taken with one value each. */
const used = words(`
  audit-log-batch-buffer-size audit-log-batch-max-size audit-log-batch-max-wait audit-log-batch-throttle-burst
  audit-log-batch-throttle-qps audit-log-format audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-mode
  audit-log-path audit-log-truncate-max-batch-size audit-log-truncate-max-event-size audit-log-version
  audit-policy-file audit-webhook-batch-buffer-size audit-webhook-batch-max-size audit-webhook-batch-max-wait
  audit-webhook-batch-throttle-burst audit-webhook-batch-throttle-qps audit-webhook-config-file
  audit-webhook-initial-backoff audit-webhook-mode audit-webhook-truncate-max-batch-size
  audit-webhook-truncate-max-event-size audit-webhook-version
  authentication-token-webhook-cache-ttl authentication-token-webhook-config-file authentication-token-webhook-version
  oidc-ca-file oidc-client-id oidc-groups-claim oidc-groups-prefix oidc-issuer-url
  oidc-required-claim oidc-signing-algs oidc-username-claim oidc-username-prefix
  service-account-jwks-uri service-account-max-token-expiration
  goaway-chance http2-max-streams-per-connection max-mutating-requests-inflight max-requests-inflight request-timeout
  shutdown-watch-termination-grace-period
  advertise-address api-audiences authentication-config authorization-config authorization-mode
  authorization-policy-file authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl
  authorization-webhook-config-file authorization-webhook-version bind-address cert-dir client-ca-file disable-admission-plugins
  admission-control-config-file default-not-ready-toleration-seconds default-unreachable-toleration-seconds
  enable-admission-plugins secure-port service-account-issuer service-account-key-file
  service-account-signing-key-file service-cluster-ip-range service-node-port-range tls-cert-file
  tls-cipher-suites tls-min-version tls-private-key-file tls-sni-cert-key token-auth-file`);

/** Of the booleans. */
const usedBooleans = words(`anonymous-auth audit-log-batch-throttle-enable audit-log-compress
  audit-log-truncate-enabled audit-webhook-batch-throttle-enable audit-webhook-truncate-enabled enable-bootstrap-token-auth enable-priority-and-fairness
  service-account-extend-token-expiration shutdown-send-retry-after`);

/** No test can tell whether they were heeded, or what they ask for is so already: not worth a word. */
const moot = words(`
  allow-privileged enable-aggregator-routing enable-garbage-collector
  encryption-provider-config encryption-provider-config-automatic-reload etcd-servers
  etcd-cafile etcd-certfile etcd-keyfile etcd-prefix etcd-compaction-interval etcd-count-metric-poll-period
  etcd-db-metric-poll-interval etcd-healthcheck-timeout etcd-readycheck-timeout lease-reuse-duration-seconds
  log-flush-frequency logging-format profiling
  service-account-lookup shutdown-delay-duration storage-backend storage-media-type v vmodule watch-cache
  watch-cache-sizes`);

/** Heeded by kube-apiserver and not here; a test may see the difference, so each is worth a warning. */
const ignored = words(`
  admission-control allow-metric-labels allow-metric-labels-manifest coordinated-leadership-lease-duration
  coordinated-leadership-renew-deadline coordinated-leadership-retry-period cors-allowed-origins debug-socket-path
  default-not-ready-toleration-seconds default-unreachable-toleration-seconds delete-collection-workers
  disabled-metrics emulated-version endpoint-reconciler-type etcd-servers-overrides event-ttl external-hostname
  feature-gates kubelet-certificate-authority kubelet-client-certificate kubelet-client-key
  kubelet-preferred-address-types kubelet-timeout kubernetes-service-node-port livez-grace-period
  log-json-info-buffer-size log-text-info-buffer-size max-connection-bytes-per-sec min-compatibility-version
  min-request-timeout peer-advertise-ip peer-advertise-port peer-ca-file proxy-client-cert-file proxy-client-key-file
  requestheader-allowed-names requestheader-client-ca-file requestheader-extra-headers-prefix
  requestheader-group-headers requestheader-uid-headers requestheader-username-headers runtime-config
  show-hidden-metrics-for-version storage-initialization-timeout strict-transport-security-directives
  tls-curve-preferences tracing-config-file`);

/** They say who may do what, or what is to be called: to start without them would be to lie. */
const refused = words(`
  egress-selector-config-file service-account-signing-endpoint`);

/** Every flag that is taken, sorted: what --help lists. */
export const knownFlags: readonly string[] = [...new Set([...booleans, ...used, ...moot, ...ignored])].sort();

/**
 * Reads a command line as kube-apiserver v1.36 does (--flag=value, --flag value, --boolean). Throws a FlagError where
 * that would not start, and for flags without which this server would not be what was asked for.
 */
export function parseApiServerFlags(args: readonly string[]): ApiServerFlags {
  const values = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') continue;
    if (!/^--?[^-]/.test(arg)) throw new FlagError(`"kube-apiserver" does not take any arguments, got ["${arg}"]`);
    const equals = arg.indexOf('=');
    const written = equals < 0 ? arg : arg.slice(0, equals);
    const name = written === '-v' ? 'v' : written.slice(2).replaceAll('_', '-');
    if (!written.startsWith('--') && written !== '-v') {
      throw new FlagError(`unknown shorthand flag: '${written[1]}' in ${arg}`);
    }
    if (refused.has(name)) throw new FlagError(`--${name} is not there in Skiff's API server for tests`);
    const boolean = booleans.has(name);
    if (!boolean && !used.has(name) && !moot.has(name) && !ignored.has(name)) {
      throw new FlagError(`unknown flag: ${written}`);
    }
    let value: string;
    if (equals >= 0) value = arg.slice(equals + 1);
    else if (boolean) value = 'true';
    else {
      const next = args[++i];
      if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`);
      value = next;
    }
    checkValue(name, value, boolean);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return read(values);
}

function read(values: ReadonlyMap<string, readonly string[]>): ApiServerFlags {
  const last = (name: string) => values.get(name)?.at(-1) || undefined;
  const list = (name: string) => (values.get(name) ?? []).flatMap((value) => value.split(',')).filter(Boolean);
  checkSettings(values);
  for (const flag of ['enable-admission-plugins', 'disable-admission-plugins']) {
    const unknown = list(flag).find((plugin) => !allOrderedPlugins.some((known) => known === plugin));
    if (unknown !== undefined) throw new FlagError(`${flag} plugin "${unknown}" is unknown`);
  }
  return {
    bindAddress: last('bind-address') ?? '0.0.0.0',
    securePort: port(last('secure-port') ?? '6443'),
    advertiseAddress: last('advertise-address'),
    certDir: last('cert-dir') ?? '/var/run/kubernetes',
    tlsCertFile: last('tls-cert-file'),
    tlsPrivateKeyFile: last('tls-private-key-file'),
    clientCaFile: last('client-ca-file'),
    serving: {
      tlsCipherSuites: list('tls-cipher-suites'),
      tlsMinVersion: last('tls-min-version'),
      tlsSniCertKey: values.get('tls-sni-cert-key') ?? [],
    },
    authorization: authorizationFlags(values),
    authentication: authenticationFlags(values),
    audit: auditFlags(values),
    admission: admissionFlags(values),
    limits: limitFlags(values),
    serviceClusterIpRange: last('service-cluster-ip-range') ?? '10.0.0.0/24',
    serviceNodePortRange: last('service-node-port-range') ?? '30000-32767',
    ignored: [...values.keys()].filter((name) => !used.has(name) && !moot.has(name) && !usedBooleans.has(name)),
  };
}

function authorizationFlags(values: ReadonlyMap<string, readonly string[]>): AuthorizationFlags {
  const last = (name: string) => values.get(name)?.at(-1) || undefined;
  const ms = (name: string) => (values.has(name) ? Number(parseDuration(last(name) ?? '0')) / 1e6 : undefined);
  return {
    authorizationMode: values.get('authorization-mode')?.join(',') || undefined,
    authorizationConfig: last('authorization-config'),
    authorizationPolicyFile: last('authorization-policy-file'),
    authorizationWebhookConfigFile: last('authorization-webhook-config-file'),
    authorizationWebhookVersion: last('authorization-webhook-version'),
    authorizationWebhookCacheAuthorizedTtl: ms('authorization-webhook-cache-authorized-ttl'),
    authorizationWebhookCacheUnauthorizedTtl: ms('authorization-webhook-cache-unauthorized-ttl'),
  };
}

function limitFlags(values: ReadonlyMap<string, readonly string[]>): LimitFlags {
  const last = (name: string) => values.get(name)?.at(-1) || undefined;
  const bool = (name: string) => (values.has(name) ? isTrue(last(name) ?? '') : undefined);
  const number = (name: string) => (values.has(name) ? Number(last(name)) : undefined);
  const ms = (name: string) => (values.has(name) ? Number(parseDuration(last(name) ?? '0')) / 1e6 : undefined);
  return {
    enablePriorityAndFairness: bool('enable-priority-and-fairness'),
    maxRequestsInflight: number('max-requests-inflight'),
    maxMutatingRequestsInflight: number('max-mutating-requests-inflight'),
    requestTimeout: ms('request-timeout') || undefined,
    goawayChance: number('goaway-chance'),
    http2MaxStreamsPerConnection: number('http2-max-streams-per-connection') || undefined,
    shutdownSendRetryAfter: bool('shutdown-send-retry-after'),
    shutdownWatchTerminationGracePeriod: ms('shutdown-watch-termination-grace-period'),
  };
}

function admissionFlags(values: ReadonlyMap<string, readonly string[]>): AdmissionFlags {
  const list = (name: string) => (values.get(name) ?? []).flatMap((value) => value.split(',')).filter(Boolean);
  const seconds = (name: string) => (values.has(name) ? Number(values.get(name)?.at(-1)) : undefined);
  return {
    enableAdmissionPlugins: list('enable-admission-plugins'),
    disableAdmissionPlugins: list('disable-admission-plugins'),
    admissionControlConfigFile: values.get('admission-control-config-file')?.at(-1) || undefined,
    defaultNotReadyTolerationSeconds: seconds('default-not-ready-toleration-seconds'),
    defaultUnreachableTolerationSeconds: seconds('default-unreachable-toleration-seconds'),
  };
}

/** Flags are called as the options are, with capitals in place of dashes; `values.ts` has looked at what they hold. */
function auditFlags(values: ReadonlyMap<string, readonly string[]>): AuditFlags {
  const flags: Record<string, string | number | boolean> = {};
  for (const [name, given] of values) {
    if (!name.startsWith('audit-')) continue;
    const text = given.at(-1) ?? '';
    const option = name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
    if (booleans.has(name)) flags[option] = isTrue(text);
    else if (/-(max-wait|backoff)$/.test(name)) flags[option] = Number(parseDuration(text)) / 1e6;
    else if (/-(maxage|maxbackup|maxsize|size|qps|burst)$/.test(name)) flags[option] = Number(text);
    else if (text !== '') flags[option] = text;
  }
  return flags;
}

function authenticationFlags(values: ReadonlyMap<string, readonly string[]>): AuthenticationFlags {
  const last = (name: string) => values.get(name)?.at(-1) || undefined;
  const list = (name: string) => (values.get(name) ?? []).flatMap((value) => value.split(',')).filter(Boolean);
  const bool = (name: string) => (values.has(name) ? isTrue(last(name) ?? '') : undefined);
  const ms = (name: string) => (values.has(name) ? Number(parseDuration(last(name) ?? '0')) / 1e6 : undefined);
  return {
    anonymousAuth: bool('anonymous-auth'),
    apiAudiences: list('api-audiences'),
    authenticationConfig: last('authentication-config'),
    authenticationTokenWebhookCacheTtl: ms('authentication-token-webhook-cache-ttl'),
    authenticationTokenWebhookConfigFile: last('authentication-token-webhook-config-file'),
    authenticationTokenWebhookVersion: last('authentication-token-webhook-version'),
    enableBootstrapTokenAuth: bool('enable-bootstrap-token-auth'),
    oidcCaFile: last('oidc-ca-file'),
    oidcClientId: last('oidc-client-id'),
    oidcGroupsClaim: last('oidc-groups-claim'),
    oidcGroupsPrefix: last('oidc-groups-prefix'),
    oidcIssuerUrl: last('oidc-issuer-url'),
    oidcRequiredClaim: values.get('oidc-required-claim'),
    oidcSigningAlgs: values.has('oidc-signing-algs') ? list('oidc-signing-algs') : undefined,
    oidcUsernameClaim: last('oidc-username-claim'),
    oidcUsernamePrefix: last('oidc-username-prefix'),
    serviceAccountExtendTokenExpiration: bool('service-account-extend-token-expiration'),
    serviceAccountIssuer: values.get('service-account-issuer') ?? [],
    serviceAccountJwksUri: last('service-account-jwks-uri'),
    serviceAccountKeyFile: values.get('service-account-key-file') ?? [],
    serviceAccountMaxTokenExpiration: ms('service-account-max-token-expiration') || undefined,
    serviceAccountSigningKeyFile: last('service-account-signing-key-file'),
    tokenAuthFile: last('token-auth-file'),
  };
}

function port(text: string): number {
  const number = Number(text);
  if (number < 1 || number > 65535) {
    throw new FlagError(
      `--secure-port ${number} must be between 1 and 65535, inclusive. It cannot be turned off with 0`,
    );
  }
  return number;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
