import type { Clock } from '../../../utils/clock.ts';
import type { Logger } from '../../../utils/log.ts';
import type { UserInfo } from '../../user.ts';
import { TokenError } from '../token.ts';
import { type DistributedClaim, distributedClaim, userOfClaims } from './claims.ts';
import type { JwtAuthenticatorConfig } from './config.ts';
import { HttpsClient } from './https.ts';
import { type Jws, parseJws } from './jws.ts';
import type { Rules } from './validation.ts';
import { Verifier } from './verifier.ts';

export interface JwtAuthenticatorOptions {
  readonly config: JwtAuthenticatorConfig;
  readonly rules: Rules;
  readonly algorithms: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Hears of each fetch of the issuer's keys: their text, or undefined. */
  readonly fetchedKeys?: (text: string | undefined) => void;
}

/** Issuers of distributed claims; a token's claims name them. */
const MOST_SOURCES = 16;

/** Knows the tokens of one issuer. */
export class JwtAuthenticator {
  readonly issuer: string;
  readonly #options: JwtAuthenticatorOptions;
  readonly #client: HttpsClient;
  readonly #verifier: Verifier;
  readonly #sources = new Map<string, Verifier>();

  constructor(options: JwtAuthenticatorOptions) {
    const { issuer } = options.config;
    this.issuer = issuer.url ?? '';
    this.#options = options;
    this.#client = new HttpsClient(issuer.certificateAuthority || undefined);
    this.#verifier = this.#verifierOf(this.issuer, issuer.discoveryURL, options.fetchedKeys);
  }

  /** Why it cannot verify tokens yet; undefined when it can. */
  get problem(): string | undefined {
    const why = this.#verifier.problem;
    return why && `oidc: authenticator for issuer ${JSON.stringify(this.issuer)} is not healthy: ${why}`;
  }

  /** Settles when the issuer has been asked for its keys' address for the first time. */
  get asked(): Promise<void> {
    return this.#verifier.asked;
  }

  close(): void {
    this.#verifier.close();
    for (const source of this.#sources.values()) source.close();
  }

  /** The user of a token that says it is of this issuer. Throws, or rejects with, a TokenError. */
  authenticate(jws: Jws): UserInfo | Promise<UserInfo> {
    if (this.#verifier.problem !== undefined) throw new TokenError('oidc: authenticator not initialized');
    let pending: void | Promise<void>;
    try {
      pending = this.#verifier.verify(jws);
    } catch (error) {
      throw notVerified(error);
    }
    if (pending) {
      return pending.then(
        () => this.#userOf(jws),
        (error) => {
          throw notVerified(error);
        },
      );
    }
    return this.#userOf(jws);
  }

  #userOf({ claims }: Jws): UserInfo | Promise<UserInfo> {
    const { config, rules } = this.#options;
    const claim = config.claimMappings.groups.claim ?? '';
    const elsewhere = claim === '' ? undefined : distributed(() => distributedClaim(claims, claim));
    if (!elsewhere) return userOfClaims(claims, config, rules);
    return this.#resolve(claim, elsewhere).then(
      (value) => userOfClaims({ ...claims, [claim]: value }, config, rules),
      (error) => {
        throw notExpanded(error);
      },
    );
  }

  async #resolve(claim: string, { endpoint, accessToken }: DistributedClaim): Promise<unknown> {
    const failed = (why: string) => new TokenError(why);
    const { status, body } = await this.#client.get(endpoint, accessToken).catch((error: Error) => {
      throw failed(`while getting distributed claim ${JSON.stringify(claim)}: ${error.message}`);
    });
    if (status !== 200) {
      const why = `error while getting distributed claim JWT: ${status}`;
      throw failed(`while getting distributed claim ${JSON.stringify(claim)}: ${why}`);
    }
    const jws = parseJws(body);
    const issuer = jws?.claims.iss;
    if (!jws || typeof issuer !== 'string')
      throw failed(
        `getting untrusted issuer from endpoint ${endpoint} failed for claim ${JSON.stringify(claim)}: malformed token`,
      );
    const verifier = this.#source(issuer);
    await verifier.asked;
    if (verifier.problem !== undefined)
      throw failed(
        `verifying untrusted issuer ${issuer} failed: verifier not initialized for issuer: ${JSON.stringify(issuer)}`,
      );
    try {
      await verifier.verify(jws);
    } catch (error) {
      throw error instanceof TokenError ? failed(`verify distributed claim token: ${error.message}`) : error;
    }
    if (!Object.hasOwn(jws.claims, claim)) {
      const from = `jwt returned by distributed claim endpoint ${JSON.stringify(endpoint)}`;
      throw failed(`${from} did not contain claim: ${claim}`);
    }
    return jws.claims[claim];
  }

  #source(issuer: string): Verifier {
    let source = this.#sources.get(issuer);
    if (!source) {
      if (this.#sources.size >= MOST_SOURCES) throw new TokenError('too many issuers of distributed claims');
      source = this.#verifierOf(issuer, undefined, undefined);
      this.#sources.set(issuer, source);
    }
    return source;
  }

  #verifierOf(
    issuer: string,
    discoveryUrl: string | undefined,
    fetchedKeys: JwtAuthenticatorOptions['fetchedKeys'],
  ): Verifier {
    const { config, algorithms, clock, log } = this.#options;
    const { audiences = [] } = config.issuer;
    const own = { issuer, discoveryUrl, audiences, algorithms, clock, log, fetchedKeys };
    return new Verifier({ ...own, client: this.#client });
  }
}

const notVerified = (error: unknown) =>
  error instanceof TokenError ? new TokenError(`oidc: verify token: ${error.message}`) : error;
const notExpanded = (error: unknown) =>
  error instanceof TokenError ? new TokenError(`oidc: could not expand distributed claims: ${error.message}`) : error;

function distributed<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw notExpanded(error);
  }
}
