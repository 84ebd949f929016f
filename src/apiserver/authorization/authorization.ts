import { parseDuration } from '../../schema/duration.ts';
import { Path } from '../../schema/field-error.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { Registry } from '../../utils/metrics.ts';
import { readWebhookKubeconfig } from '../config-file/kubeconfig.ts';
import { reloadConfig } from '../config-file/reload.ts';
import { RemoteWebhook } from '../config-file/remote-webhook.ts';
import type { WatchedFile } from '../config-file/watch.ts';
import type { AbacAuthorizer } from './abac.ts';
import { AuthorizerChain, type Link } from './chain.ts';
import {
  type AuthorizationConfiguration,
  type AuthorizerConfiguration,
  parseAuthorizationConfiguration,
  type WebhookConfiguration,
} from './config.ts';
import { compileMatchConditions } from './match-conditions.ts';
import { AuthorizationMetrics } from './metrics.ts';
import { alwaysAllow, alwaysDeny } from './modes.ts';
import type { NodeAuthorizer } from './node.ts';
import type { RbacAuthorizer } from './rbac.ts';
import { WebhookAuthorizer } from './webhook.ts';

/** Who is asked whether a user may. `flags.ts` makes one of kube-apiserver's flags. */
export interface AuthorizationSettings {
  readonly config: AuthorizationConfiguration;
  /** --authorization-config: looked at again while the server runs. */
  readonly file?: { readonly path: string; readonly text: string };
  /** What --authorization-policy-file says. */
  readonly abac?: AbacAuthorizer;
}

export interface AuthorizationParts {
  readonly node: NodeAuthorizer;
  readonly rbac: RbacAuthorizer;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log?: Logger;
  readonly registry?: Registry;
}

/**
 * The authorizers of a configuration in their order. Throws an Error where one cannot be made: a kubeconfig that cannot
 * be read, a type whose part of the server does not run.
 */
export function createAuthorization(settings: AuthorizationSettings, parts: AuthorizationParts): Authorization {
  return new Authorization(settings, parts);
}

export class Authorization {
  readonly chain: AuthorizerChain;
  readonly #settings: AuthorizationSettings;
  readonly #parts: AuthorizationParts;
  readonly #metrics: AuthorizationMetrics | undefined;
  /** Which parts run: authorizers of these types cannot come and go. */
  readonly #types: ReadonlySet<string>;
  #watched: WatchedFile | undefined;

  constructor(settings: AuthorizationSettings, parts: AuthorizationParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#metrics = parts.registry && new AuthorizationMetrics(parts.registry);
    const types = (settings.config.authorizers ?? []).map(({ type }) => type);
    this.#types = new Set(types.filter((type) => type !== 'Webhook'));
    this.chain = new AuthorizerChain(this.#links(settings.config), this.#metrics);
  }

  /** Looks after the file, where there is one. */
  start(): void {
    const { file } = this.#settings;
    const { log, clock, registry } = this.#parts;
    if (!file || !log) return;
    this.#watched = reloadConfig(file.path, {
      clock,
      log,
      ...(registry && { registry }),
      what: 'authorization',
      text: file.text,
      apply: (text) => this.chain.replace(this.#links(parseAuthorizationConfiguration(text, this.#types))),
    });
  }

  stop(): void {
    this.#watched?.stop();
    this.chain.close();
  }

  #links({ authorizers = [] }: AuthorizationConfiguration): readonly Link[] {
    return authorizers.map((one) => ({ type: one.type, name: one.name, authorizer: this.#make(one) }));
  }

  #make({ type, name, webhook }: AuthorizerConfiguration): Link['authorizer'] {
    const { abac } = this.#settings;
    const { node, rbac } = this.#parts;
    const late = () =>
      new Error(`authorizer type ${type} is not allowed if it was not enabled at initial server startup`);
    switch (type) {
      case 'AlwaysAllow':
        return alwaysAllow;
      case 'AlwaysDeny':
        return alwaysDeny;
      case 'Node':
      case 'RBAC':
        if (!this.#types.has(type)) throw late();
        return type === 'Node' ? node : rbac;
      case 'ABAC':
        if (!abac) throw late();
        return abac;
      default:
        return this.#webhook(name, webhook ?? {});
    }
  }

  #webhook(name: string, config: WebhookConfiguration): WebhookAuthorizer {
    const { clock, random } = this.#parts;
    const { connectionInfo, timeout, cacheAuthorizedRequests, cacheUnauthorizedRequests } = config;
    const { type, kubeConfigFile = '' } = connectionInfo ?? {};
    if (type === 'InClusterConfig') throw new Error('connectionInfo.type InClusterConfig is not for an API server');
    const target = readWebhookKubeconfig(kubeConfigFile, `the webhook ${name}`);
    const metrics = this.#metrics;
    return new WebhookAuthorizer({
      name,
      webhook: new RemoteWebhook(target, {
        clock,
        random,
        timeoutMs: milliseconds(timeout, 30_000),
        ...(metrics && { observe: (code, seconds) => metrics.webhook(name, resultOf(code), seconds) }),
      }),
      version: config.subjectAccessReviewVersion === 'v1beta1' ? 'v1beta1' : 'v1',
      authorizedTtl: cacheAuthorizedRequests === false ? 0 : milliseconds(config.authorizedTTL, 5 * 60_000),
      unauthorizedTtl: cacheUnauthorizedRequests === false ? 0 : milliseconds(config.unauthorizedTTL, 30_000),
      denyOnError: config.failurePolicy === 'Deny',
      conditions: compileMatchConditions(config.matchConditions ?? [], Path.of('webhook')).compiled,
      clock,
      ...(metrics && { metrics }),
    });
  }
}

/** What a call came to, by the status of its answer. */
const resultOf = (code: string): string => (/^2/.test(code) ? 'success' : code === '504' ? 'timeout' : 'error');

/** A duration of 0 stands for the default. */
const milliseconds = (text: string | undefined, otherwise: number): number =>
  Number(text === undefined ? 0n : parseDuration(text)) / 1e6 || otherwise;
