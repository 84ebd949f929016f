import type { TokenRequest } from '../../api/authentication/v1.gen.ts';
import type { Node, Pod, Secret, ServiceAccount } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { formatTime } from '../../schema/time.ts';
import type { Clock } from '../../utils/clock.ts';
import type { RequestContext, Target } from '../core.ts';
import { canonicalMetadata } from '../registry/metadata.ts';
import type { NameAndUid, ServiceAccountTokens, TokenSpec } from './service-account-tokens.ts';

export interface TokenRequestReaders {
  serviceAccount(namespace: string, name: string): ServiceAccount | undefined;
  pod(namespace: string, name: string): Pod | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  node(name: string): Node | undefined;
}

export interface TokenRequestOptions {
  readonly tokens: ServiceAccountTokens;
  /** --service-account-max-token-expiration, and whether --service-account-extend-token-expiration (the default). */
  readonly maxExpirationSeconds?: number;
  readonly extendExpiration?: boolean;
  readonly readers: TokenRequestReaders;
  readonly clock: Pick<Clock, 'now'>;
}

const defaultSeconds = 3600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;
/**
 * Pods' own tokens are asked for with this odd lifetime and get a year: clients that never read the file again keep
 * working, and using a token past the hour is what `warnafter` in it is for.
 */
const extendedRequest = 3607;
const extendedSeconds = 365 * 86_400;

/** POST serviceaccounts/NAME/token: a new token. https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
export function tokenRequestHandler(options: TokenRequestOptions) {
  const { tokens, readers, clock, maxExpirationSeconds: longest, extendExpiration = true } = options;
  return (context: RequestContext, { namespace, name }: Target, request: TokenRequest): TokenRequest => {
    const requestName = request.metadata?.name;
    if (requestName && requestName !== name) {
      const why = 'must match the service account name if specified';
      const found = fieldErrors.invalid(Path.of('metadata', 'name'), requestName, why);
      throw errors.invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, [found]);
    }
    const account = readers.serviceAccount(namespace, name);
    if (!account) throw errors.notFound({ group: '', resource: 'serviceaccounts' }, name);
    const { uid } = account.metadata;
    if (request.metadata.uid && request.metadata.uid !== uid) {
      const why = `the UID in the token request (${request.metadata.uid}) does not match the UID of the service account (${uid})`;
      throw errors.conflict({ group: 'authentication.k8s.io', resource: 'TokenRequest' }, name, why);
    }
    const asked = {
      ...request.spec,
      audiences: request.spec.audiences?.length ? request.spec.audiences : tokens.audiences,
      expirationSeconds: request.spec.expirationSeconds ?? defaultSeconds,
    };
    const problems = validate(asked.expirationSeconds);
    if (problems.length) throw errors.invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', problems);
    const bound = asked.boundObjectRef ? boundTo(asked.boundObjectRef, namespace, name, readers) : {};
    const shortened = longest !== undefined && asked.expirationSeconds > longest;
    if (shortened)
      context.warn(`requested expiration of ${asked.expirationSeconds} seconds shortened to ${longest} seconds`);
    const spec = shortened ? { ...asked, expirationSeconds: longest } : asked;
    const forUs = spec.audiences.every((audience) => tokens.audiences.includes(audience));
    const extended = extendExpiration && bound.pod !== undefined && spec.expirationSeconds === extendedRequest && forUs;
    const now = Math.floor(clock.now() / 1000);
    const { token, id } = tokens.issue({
      namespace,
      serviceAccount: { name, uid },
      audiences: spec.audiences,
      expirationSeconds: extended ? extendedSeconds : spec.expirationSeconds,
      ...bound,
      ...(extended && { warnAfterSeconds: spec.expirationSeconds }),
    });
    context.audit?.add('authentication.kubernetes.io/issued-credential-id', id);
    return {
      ...request,
      metadata: canonicalMetadata({
        ...request.metadata,
        name,
        namespace,
        uid,
        resourceVersion: request.metadata.resourceVersion ?? '',
        creationTimestamp: formatTime(clock.now()),
      }),
      spec,
      status: { token, expirationTimestamp: formatTime((now + spec.expirationSeconds) * 1000) },
    };
  };
}

function validate(seconds: number): FieldError[] {
  const path = Path.of('spec', 'expirationSeconds');
  if (seconds < minSeconds)
    return [fieldErrors.invalid(path, seconds, 'may not specify a duration less than 10 minutes')];
  if (seconds > maxSeconds)
    return [fieldErrors.invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')];
  return [];
}

type Reference = NonNullable<TokenRequest['spec']['boundObjectRef']>;

function boundTo(
  ref: Reference,
  namespace: string,
  account: string,
  readers: TokenRequestReaders,
): Pick<TokenSpec, 'pod' | 'secret' | 'node'> {
  const name = ref.name ?? '';
  const found = <T extends { readonly metadata: NameAndUid }>(object: T | undefined, resource: string): T => {
    if (!object) throw errors.notFound({ group: '', resource }, name);
    if (ref.uid && ref.uid !== object.metadata.uid)
      throw errors.conflict(
        { group: '', resource: ref.kind ?? '' },
        name,
        `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    return object;
  };
  const identity = ({ metadata }: { readonly metadata: NameAndUid }) => ({ name: metadata.name, uid: metadata.uid });
  // Any version of the core group, which has but one, and none.
  switch (ref.apiVersion?.includes('/') ? undefined : ref.kind) {
    case 'Pod': {
      const pod = found(readers.pod(namespace, name), 'pods');
      if (pod.spec.serviceAccountName !== account)
        throw errors.badRequest(
          `cannot bind token for serviceaccount ${quote(account)} to pod running with different serviceaccount name.`,
        );
      const { nodeName } = pod.spec;
      const node = nodeName ? readers.node(nodeName) : undefined;
      // Where the node is not there (yet), its name is something.
      const where = node ? identity(node) : nodeName ? { name: nodeName } : undefined;
      return { pod: identity(pod), ...(where && { node: where }) };
    }
    case 'Secret':
      return { secret: identity(found(readers.secret(namespace, name), 'secrets')) };
    case 'Node':
      return { node: identity(found(readers.node(name), 'nodes')) };
    default: {
      const { apiVersion = '', kind = '' } = ref;
      const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
      throw errors.badRequest(`cannot bind token to object of type ${groupVersion}, Kind=${kind}`);
    }
  }
}
