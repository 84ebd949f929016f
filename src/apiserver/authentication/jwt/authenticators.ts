import type { FieldError } from '../../../schema/field-error.ts';
import { aggregate, fieldErrors, Path } from '../../../schema/field-error.ts';
import type { Clock } from '../../../utils/clock.ts';
import { ConfigurationError } from '../../../utils/configuration-error.ts';
import type { Logger } from '../../../utils/log.ts';
import { labelText, type Registry } from '../../../utils/metrics.ts';
import { configHash, decodeConfig } from '../../config-file/read.ts';
import { reloadConfig } from '../../config-file/reload.ts';
import type { WatchedFile } from '../../config-file/watch.ts';
import type { UserInfo } from '../../user.ts';
import { aggregated, agnosticAudiences, type TokenAuthenticator, type TokenOwner } from '../token.ts';
import { JwtAuthenticator } from './authenticator.ts';
import { type AuthenticationConfiguration, authenticationConfigurationKind } from './config.ts';
import { parseJws, signingAlgorithms } from './jws.ts';
import { checkAuthenticationConfiguration } from './validation.ts';

export interface JwtSettings {
  readonly configuration: AuthenticationConfiguration;
  /** --oidc-signing-algs; default: all that there are. */
  readonly algorithms?: readonly string[];
  /** Where the configuration is from, to be read again when it changes. */
  readonly file?: { readonly path: string; readonly text: string };
}

export interface JwtAuthenticatorsOptions extends JwtSettings {
  /** --api-audiences. */
  readonly audiences: readonly string[];
  /** Issuers of service account tokens, which no other may claim to be. */
  readonly serviceAccountIssuers: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry?: Registry;
}

/** A user that was found stays found for so long, as in Kubernetes. Milliseconds. */
const REMEMBER = 10_000;
const MOST_REMEMBERED = 4_096;
/** A new configuration is in force when all its issuers have answered, or given up after so long. Milliseconds. */
const HEALTHY_BY = 60_000;
const LOOK = 1_000;

interface Remembered {
  readonly user: UserInfo;
  readonly until: number;
}

/** Knows the tokens of all issuers of an AuthenticationConfiguration, which may change while it does. */
export class JwtAuthenticators implements TokenAuthenticator {
  readonly #options: JwtAuthenticatorsOptions;
  #byIssuer: ReadonlyMap<string, JwtAuthenticator>;
  readonly #remembered = new Map<string, Remembered>();
  readonly #watched: WatchedFile | undefined;
  readonly #latency;
  #closed = false;

  /** Throws a ConfigurationError for a configuration that makes no sense. */
  constructor(options: JwtAuthenticatorsOptions) {
    this.#options = options;
    this.#byIssuer = this.#make(options.configuration);
    this.#latency = options.registry?.histogram(
      'apiserver_authentication_jwt_authenticator_latency_seconds',
      '[ALPHA] Seconds it took to find out who a token of an issuer is, where it was not remembered.',
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    );
    const { file, clock, log, registry } = options;
    this.#watched =
      file &&
      reloadConfig(file.path, {
        clock,
        log,
        registry,
        what: 'authentication',
        text: file.text,
        apply: (text) => this.#replace(text),
      });
  }

  /** Settles when every issuer has been asked once. */
  async asked(): Promise<void> {
    await Promise.all([...this.#byIssuer.values()].map((authenticator) => authenticator.asked));
  }

  close(): void {
    this.#closed = true;
    this.#watched?.stop();
    for (const authenticator of this.#byIssuer.values()) authenticator.close();
  }

  authenticateToken(token: string, asked: readonly string[]): TokenOwner | undefined | Promise<TokenOwner | undefined> {
    if (this.#byIssuer.size === 0) return undefined;
    const audiences = agnosticAudiences(asked, this.#options.audiences);
    if (!audiences) return undefined;
    const known = this.#remembered.get(token);
    if (known) {
      if (this.#options.clock.now() < known.until) return { user: known.user, audiences };
      this.#remembered.delete(token);
    }
    const jws = parseJws(token);
    if (typeof jws?.claims.iss !== 'string') return undefined;
    const { iss, exp } = jws.claims;
    const found = this.#byIssuer.get(iss === 'accounts.google.com' ? 'https://accounts.google.com' : iss);
    if (!found) return undefined;
    const began = performance.now();
    const owner = (user: UserInfo): TokenOwner => {
      this.#observe(found.issuer, 'success', began);
      // Not beyond a change of the configuration.
      if (this.#byIssuer.get(found.issuer) === found) this.#remember(token, user, typeof exp === 'number' ? exp : 0);
      return { user, audiences };
    };
    const failed = (error: unknown) => {
      this.#observe(found.issuer, 'failure', began);
      return error;
    };
    try {
      const user = found.authenticate(jws);
      if (!(user instanceof Promise)) return owner(user);
      return user.then(owner, (error) => {
        throw failed(error);
      });
    } catch (error) {
      throw failed(error);
    }
  }

  #observe(issuer: string, result: 'success' | 'failure', began: number): void {
    const labels = labelText({ jwt_issuer_hash: configHash(issuer), result });
    this.#latency?.observe(labels, (performance.now() - began) / 1000);
  }

  #remember(token: string, user: UserInfo, expiresSeconds: number): void {
    if (this.#remembered.size >= MOST_REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    const until = Math.min(this.#options.clock.now() + REMEMBER, expiresSeconds * 1000);
    this.#remembered.set(token, { user, until });
  }

  async #replace(text: string): Promise<void> {
    const { object } = decodeConfig(text, authenticationConfigurationKind);
    const { clock } = this.#options;
    const made = this.#make(object, changedAnonymous(this.#options.configuration, object));
    const problem = () => aggregated([...made.values()].flatMap((one) => one.problem ?? []));
    const deadline = clock.now() + HEALTHY_BY;
    await Promise.all([...made.values()].map((authenticator) => authenticator.asked));
    while ([...made.values()].some((one) => one.problem !== undefined)) {
      if (clock.now() >= deadline || this.#closed) {
        for (const authenticator of made.values()) authenticator.close();
        throw new Error(problem());
      }
      await clock.sleep(LOOK);
    }
    const before = this.#byIssuer;
    this.#byIssuer = made;
    this.#remembered.clear();
    for (const authenticator of before.values()) authenticator.close();
  }

  #make(
    configuration: AuthenticationConfiguration,
    more: readonly FieldError[] = [],
  ): ReadonlyMap<string, JwtAuthenticator> {
    const { algorithms = signingAlgorithms, serviceAccountIssuers, clock, log, registry } = this.#options;
    const { problems, rules } = checkAuthenticationConfiguration(configuration, serviceAccountIssuers);
    const all = [...problems, ...more];
    if (all.length > 0) throw new ConfigurationError(`invalid authentication configuration: ${aggregate(all)}`);
    const authenticators = (configuration.jwt ?? []).flatMap((config, i) => {
      const compiled = rules[i];
      if (!compiled) return [];
      const fetchedKeys = registry && keyFetches(registry, config.issuer.url ?? '', clock);
      return [new JwtAuthenticator({ config, rules: compiled, algorithms, clock, log, fetchedKeys })];
    });
    return new Map(authenticators.map((authenticator) => [authenticator.issuer, authenticator]));
  }
}

/** Who shows nothing is decided at start. */
function changedAnonymous(before: AuthenticationConfiguration, after: AuthenticationConfiguration): FieldError[] {
  if (JSON.stringify(before.anonymous) === JSON.stringify(after.anonymous)) return [];
  return [fieldErrors.forbidden(Path.of('anonymous'), 'changed from initial configuration file')];
}

function keyFetches(registry: Registry, issuer: string, clock: Pick<Clock, 'now'>): (text: string | undefined) => void {
  const prefix = 'apiserver_authentication_jwt_authenticator_jwks_fetch_last';
  const at = registry.gauge(`${prefix}_timestamp_seconds`, '[ALPHA] When the keys of an issuer were last fetched.');
  const info = registry.gauge(`${prefix}_key_set_info`, '[ALPHA] The keys of an issuer, by their hash.');
  const of = { apiserver_id_hash: '', jwt_issuer_hash: configHash(issuer) };
  let last: string | undefined;
  return (text) => {
    at.set(labelText({ ...of, result: text === undefined ? 'failure' : 'success' }), clock.now() / 1000);
    if (text === undefined) return;
    if (last !== undefined) info.delete(last);
    last = labelText({ ...of, hash: configHash(text) });
    info.set(last, 1);
  };
}
