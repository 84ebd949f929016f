import { errors } from '../../api/errors.ts';
import { quote } from '../../schema/quote.ts';
import { exponential, labelText, type Registry } from '../../utils/metrics.ts';
import type { Authorizer, AuthorizerAttributes } from '../admission.ts';
import type { UserInfo } from '../user.ts';
import type { Headers } from './authenticator.ts';
import {
  type ImpersonationMode,
  impersonateBy,
  impersonationModes,
  type Observe,
  type WantedUser,
} from './impersonation-modes.ts';

const userHeader = 'impersonate-user';
const groupHeader = 'impersonate-group';
const uidHeader = 'impersonate-uid';
const extraPrefix = 'impersonate-extra-';

/** Whether a request wants to act as somebody else; a quick test that spares all others the work. */
export function wantsImpersonation(headers: Headers): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** Who a request acts as, and by what. */
export interface Impersonated {
  readonly user: UserInfo;
  /** The verb that allowed it ("impersonate:user-info"), for the audit event; absent for impersonate alone. */
  readonly constraint?: string;
}

/** Those of whom it is remembered which mode let them act as somebody else. */
const MOST_REMEMBERED = 10_000;

/**
 * Lets requests act as somebody else, where Impersonate headers ask for it and the authorizer agrees. Header values
 * given more than once must be arrays, as node:http2 has them; node:http joins unknown headers with ", ", so its caller
 * passes `headersDistinct`.
 * https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/5284-constrained-impersonation
 */
export class Impersonation {
  readonly #authorizer: Authorizer;
  readonly #metrics;
  /** By name: tried first the next time. Which refusal is told when all refuse depends on it, as in Kubernetes. */
  readonly #last = new Map<string, ImpersonationMode>();

  constructor(authorizer: Authorizer, registry?: Registry) {
    this.#authorizer = authorizer;
    this.#metrics = registry && metricsOf(registry);
  }

  /**
   * `attributes`: what is asked of the authorizer for the request, by whoever sent it. Throws 403 where it is not
   * allowed in any mode, 400 for groups, uid or extra without a user.
   */
  async impersonate(headers: Headers, attributes: AuthorizerAttributes): Promise<Impersonated> {
    const { user: requestor } = attributes;
    const wanted = wantedUser(headers);
    if (!wanted) return { user: requestor };
    const began = performance.now();
    const last = this.#last.get(requestor.name);
    const modes = last ? [last, ...impersonationModes.filter((mode) => mode !== last)] : impersonationModes;
    let first: unknown;
    for (const mode of modes) {
      if (!mode.applies(wanted, requestor)) continue;
      try {
        const observe = this.#metrics?.asked(mode.name);
        const user = await impersonateBy(mode, wanted, attributes, this.#authorizer, observe);
        if (mode !== last) this.#remember(requestor.name, mode);
        this.#metrics?.attempted(mode.name, 'allowed', began);
        return { user, ...(mode.name !== 'legacy' && { constraint: `impersonate:${mode.name}` }) };
      } catch (error) {
        first ??= error;
      }
    }
    this.#metrics?.attempted('', 'denied', began);
    throw first;
  }

  #remember(name: string, mode: ImpersonationMode): void {
    if (this.#last.size >= MOST_REMEMBERED) {
      for (const oldest of this.#last.keys()) {
        this.#last.delete(oldest);
        break;
      }
    }
    this.#last.set(name, mode);
  }
}

/** Undefined: the headers ask for nothing. */
function wantedUser(headers: Headers): WantedUser | undefined {
  const name = list(headers[userHeader])[0] ?? '';
  const groups = list(headers[groupHeader]);
  const uid = list(headers[uidHeader])[0] ?? '';
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(headers)) {
    if (!header.startsWith(extraPrefix)) continue;
    const key = decodeKey(header.slice(extraPrefix.length));
    extra[key] = [...(Object.hasOwn(extra, key) ? (extra[key] ?? []) : []), ...list(headers[header])];
  }
  if (name !== '') return { name, uid, groups, extra };
  const keys = Object.keys(extra);
  if (groups.length === 0 && uid === '' && keys.length === 0) return undefined;
  const member = groups.length > 0 ? `[]string{${groups.map(quote).join(', ')}}` : '[]string(nil)';
  const entries = keys.map((key) => `${quote(key)}:[]string{${(extra[key] ?? []).map(quote).join(', ')}}`);
  const extras = entries.length > 0 ? `map[string][]string{${entries.join(', ')}}` : 'map[string][]string(nil)';
  throw errors.badRequest(
    `requested &user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${member}, Extra:${extras}} without impersonating a user name`,
  );
}

const bounds = exponential(0.001, 2, 15);

function metricsOf(registry: Registry) {
  const prefix = 'apiserver_impersonation';
  const attempts = registry.counter(`${prefix}_attempts_total`, '[ALPHA] Requests that ask to act as somebody else.');
  const took = registry.histogram(`${prefix}_attempts_duration_seconds`, '[ALPHA] Seconds they took.', bounds);
  const asked = registry.counter(
    `${prefix}_authorization_attempts_total`,
    '[ALPHA] Questions to the authorizer whether one may act as another.',
  );
  const askedFor = registry.histogram(
    `${prefix}_authorization_attempts_duration_seconds`,
    '[ALPHA] Seconds these took.',
    bounds,
  );
  return {
    attempted(mode: string, decision: 'allowed' | 'denied', began: number): void {
      const labels = labelText({ mode, decision });
      attempts.add(labels);
      took.observe(labels, (performance.now() - began) / 1000);
    },
    asked:
      (mode: string): Observe =>
      (allowed, seconds) => {
        const labels = labelText({ mode, decision: allowed ? 'allowed' : 'denied' });
        asked.add(labels);
        askedFor.observe(labels, seconds);
      },
  };
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
