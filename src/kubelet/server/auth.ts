import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { TokenReview, UserInfo } from '../../api/authentication/v1.gen.ts';
import type { SubjectAccessReview } from '../../api/authorization/v1.gen.ts';
import type { ResourceType } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { quote } from '../../schema/quote.ts';
import type { Clock } from '../../utils/clock.ts';
import { HttpError } from './http-error.ts';

const tokenreviews: ResourceType<TokenReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};
const subjectaccessreviews: ResourceType<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

export interface ServerAuthOptions {
  /** May create TokenReviews and SubjectAccessReviews. */
  readonly client: Client;
  readonly nodeName: string;
  readonly clock: Clock;
}

const TOKEN_TTL = 120_000;
const ALLOWED_TTL = 300_000;
const REFUSED_TTL = 30_000;
const MOST_CACHED = 1024;

/**
 * Who may use the kubelet's server: certificates of the cluster's authority and bearer tokens say who somebody is,
 * the API server says what they may do with the node.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
 */
export class ServerAuth {
  readonly #options: ServerAuthOptions;
  readonly #tokens: ExpiringMap<UserInfo | undefined>;
  readonly #decisions: ExpiringMap<boolean>;

  constructor(options: ServerAuthOptions) {
    this.#options = options;
    this.#tokens = new ExpiringMap(options.clock);
    this.#decisions = new ExpiringMap(options.clock);
  }

  /** Rejects with HttpError. */
  async check(request: IncomingMessage, path: string): Promise<void> {
    const user = certificateUser(request) ?? (await this.#tokenUser(request));
    if (!user) throw new HttpError(401, 'Unauthorized');
    // Its members may do everything: the API server calls with such a certificate.
    if (user.groups?.includes('system:masters')) return;
    const verb = verbs[request.method ?? ''] ?? '';
    const subresources = subresourcesOf(path);
    for (const subresource of subresources) if (await this.#allowed(user, verb, subresource)) return;
    throw new HttpError(
      403,
      `Forbidden (user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`,
    );
  }

  async #tokenUser(request: IncomingMessage): Promise<UserInfo | undefined> {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!token) return undefined;
    // Tokens themselves are not kept.
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#tokens.get(key);
    if (known) return known.value;
    try {
      const { status } = await this.#options.client.resource(tokenreviews).create('', { spec: { token } });
      const user = status.authenticated ? status.user : undefined;
      this.#tokens.set(key, user, TOKEN_TTL);
      return user;
    } catch (error) {
      throw new HttpError(500, `Internal Error: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #allowed(user: UserInfo, verb: string, subresource: string): Promise<boolean> {
    const key = JSON.stringify([user.username, user.groups, user.extra, verb, subresource]);
    const known = this.#decisions.get(key);
    if (known) return known.value;
    try {
      const { status } = await this.#options.client.resource(subjectaccessreviews).create('', {
        spec: {
          user: user.username,
          groups: user.groups,
          uid: user.uid,
          extra: user.extra,
          resourceAttributes: {
            verb,
            group: '',
            version: 'v1',
            resource: 'nodes',
            subresource,
            name: this.#options.nodeName,
          },
        },
      });
      this.#decisions.set(key, status.allowed, status.allowed ? ALLOWED_TTL : REFUSED_TTL);
      return status.allowed;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new HttpError(
        500,
        `Authorization error (user=${user.username}, verb=${verb}, resource=nodes, subresource=${quote(subresource)}): ${why}`,
      );
    }
  }
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What of the node a path is, the narrowest first: whoever may use any of them may use the path. */
function subresourcesOf(path: string): string[] {
  const under = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`);
  if (under('/stats')) return ['stats'];
  if (under('/metrics')) return ['metrics'];
  if (under('/pods')) return ['pods', 'proxy'];
  if (under('/healthz')) return ['healthz', 'proxy'];
  return ['proxy'];
}

function certificateUser(request: IncomingMessage): UserInfo | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (!subject?.CN) return undefined;
  // Several organizations come as a list, which the type does not say.
  const organizations: unknown = subject.O;
  const groups = Array.isArray(organizations)
    ? organizations.map(String)
    : organizations
      ? [String(organizations)]
      : [];
  return { username: String(subject.CN), groups: [...groups, 'system:authenticated'] };
}

/** At most `MOST_CACHED` values, each for its time; the oldest go first. */
class ExpiringMap<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): { readonly value: T } | undefined {
    const entry = this.#entries.get(key);
    if (entry && entry.until > this.#clock.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: T, ttl: number): void {
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MOST_CACHED && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, { value, until: this.#clock.now() + ttl });
  }
}
