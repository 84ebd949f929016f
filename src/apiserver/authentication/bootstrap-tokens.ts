import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../api/core/v1.gen.ts';
import type { Clock } from '../../utils/clock.ts';
import type { UserInfo } from '../user.ts';

export interface BootstrapTokenOptions {
  /** Of kube-system. */
  readonly secret: (name: string) => Secret | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
/** RFC 3339. */
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Finds whose a bootstrap token is: machines that join show them once, to get certificates. Each is a secret in
 * kube-system. https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
export function bootstrapTokens({ secret, clock }: BootstrapTokenOptions): (token: string) => UserInfo | undefined {
  return (token) => {
    const [, id, key] = form.exec(token) ?? [];
    if (id === undefined || key === undefined) return undefined;
    const found = secret(`bootstrap-token-${id}`);
    if (!found || found.metadata.deletionTimestamp !== undefined) return undefined;
    if (found.type !== 'bootstrap.kubernetes.io/token') return undefined;
    const text = (name: string) => Buffer.from(found.data?.[name] ?? '', 'base64');
    const expected = text('token-secret');
    const given = Buffer.from(key);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    if (text('token-id').toString() !== id) return undefined;
    const expiration = text('expiration').toString();
    // What cannot be read has ended.
    if (expiration !== '' && !(timeForm.test(expiration) && Date.parse(expiration) > clock.now())) return undefined;
    if (text('usage-bootstrap-authentication').toString() !== 'true') return undefined;
    const groups = groupsOf(text('auth-extra-groups').toString());
    return groups && { name: `system:bootstrap:${id}`, groups };
  };
}

/** Undefined where one is not a group that bootstrap tokens may be in. */
function groupsOf(extra: string): string[] | undefined {
  const named = extra === '' ? [] : extra.split(',');
  if (!named.every((group) => groupForm.test(group))) return undefined;
  return [...new Set(['system:bootstrappers', ...named])].sort();
}
