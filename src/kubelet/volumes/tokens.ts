import type { TokenRequest } from '../../api/authentication/v1.gen.ts';
import { type Pod, serviceaccounts } from '../../api/core/v1.gen.ts';
import type { Client } from '../../client/client.ts';
import { timeToMs } from '../../schema/time.ts';
import type { Clock } from '../../utils/clock.ts';

const LONGEST_USE = 24 * 3600 * 1000;
const JITTER = 10_000;
/** Of its life a token is used this much before another is fetched. */
const USED = 0.8;
const RETRY = 10_000;

interface Issued {
  readonly token: string;
  readonly expires: number;
  readonly refreshAt: number;
}

/**
 * Tokens of pods' service accounts, bound to the pod, and renewed when 80 % of their life (at most a day) is over.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
export class ServiceAccountTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #issued = new Map<string, Map<string, Issued>>();

  constructor(client: Client, clock: Clock, random: () => number) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
  }

  /** A token that is good for a while, and when (milliseconds since the epoch) to ask again. */
  async get(
    pod: Pod,
    audience: string,
    expirationSeconds: number,
  ): Promise<{ readonly token: string; readonly refreshAt: number }> {
    const { namespace = '', name, uid = '' } = pod.metadata;
    const key = JSON.stringify([audience, expirationSeconds]);
    const known = this.#issued.get(uid)?.get(key);
    const now = this.#clock.now();
    if (known && now < known.refreshAt) return known;
    try {
      const answer = await this.#client
        .resource(serviceaccounts)
        .createSubresource<object, TokenRequest>(namespace, pod.spec.serviceAccountName || 'default', 'token', {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            ...(audience && { audiences: [audience] }),
            expirationSeconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        });
      const issued = this.#remember(answer, expirationSeconds);
      const ofPod = this.#issued.get(uid) ?? new Map<string, Issued>();
      this.#issued.set(uid, ofPod.set(key, issued));
      return issued;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!known) throw new Error(`failed to fetch token: ${why}`);
      if (now >= known.expires) throw new Error(`token ${key} expired and refresh failed: ${why}`);
      return { token: known.token, refreshAt: now + RETRY };
    }
  }

  forget(podUid: string): void {
    this.#issued.delete(podUid);
  }

  #remember(answer: TokenRequest, asked: number): Issued {
    const life = (answer.spec.expirationSeconds ?? asked) * 1000;
    const { token, expirationTimestamp } = answer.status;
    const now = this.#clock.now();
    const expires = expirationTimestamp ? timeToMs(expirationTimestamp) : now + life;
    const jitter = this.#random() * JITTER;
    const due = expires - life + Math.min(life * USED, LONGEST_USE) - jitter;
    // Where the server's clock is far from ours it would be due at once, over and over.
    return { token, expires, refreshAt: Math.max(due, now + RETRY) };
  }
}
