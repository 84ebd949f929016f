import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { APIService } from '../../api/apiregistration/v1.gen.ts';
import type { KeyPair } from '../../utils/x509.ts';
import type { UserInfo } from '../user.ts';
import type { Address, ResolveService } from '../webhooks/services.ts';
import { plainHttp, transportProblem } from '../webhooks/transport-problem.ts';

/** Connections that wait for the next request. */
const MAX_FREE_SOCKETS = 25;
const CONNECT_MS = 30_000;

/** What the requests to an extension API server look like to it: who asks stands in headers. */
export const remoteHeader = { user: 'x-remote-user', uid: 'x-remote-uid', group: 'x-remote-group' } as const;
export const remoteExtraPrefix = 'x-remote-extra-';

/** The user of this server's own questions. */
export const aggregatorUser: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };

/** A request without its body. */
interface Question {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
}

/** An extension API server could not be asked; the message is for clients. */
export class RemoteError extends Error {
  override name = 'RemoteError';
  /** What the server answered, where that is what is wrong. */
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** The way to the extension API server behind one APIService, as its spec was when this was made. */
export class RemoteServer {
  readonly service: APIService;
  readonly #resolve: ResolveService;
  readonly #tls: Pick<ConnectionOptions, 'allowPartialTrustChain' | 'ca' | 'rejectUnauthorized' | 'servername'>;
  readonly #client: KeyPair | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS, scheduling: 'lifo' });

  /**
   * `client` proves to the server that this is the front proxy whose headers it may believe; it is looked at for each
   * connection, for certificates are renewed.
   */
  constructor(service: APIService, resolve: ResolveService, client: KeyPair | undefined) {
    this.service = service;
    this.#resolve = resolve;
    this.#client = client;
    const { spec } = service;
    this.#tls = {
      // As for Go, whatever is in the bundle is trusted: a server's own certificate, too.
      allowPartialTrustChain: true,
      servername: `${spec.service?.name}.${spec.service?.namespace}.svc`,
      ...(spec.insecureSkipTLSVerify && { rejectUnauthorized: false }),
      ...(spec.caBundle && { ca: Buffer.from(spec.caBundle, 'base64') }),
    };
  }

  /**
   * Asks for a path with its query, and answers when the head of the answer is there. Rejects with a RemoteError in
   * Go's words. `body` undefined: none.
   */
  async ask(options: Question & { readonly body?: Buffer | undefined }): Promise<IncomingMessage> {
    const { method, path, body, signal } = options;
    const where = { ...this.#tls, ...this.#client, ...(await this.address()) };
    const length = body && body.length > 0 ? { 'content-length': body.length } : {};
    const headers = { ...headersFor(options, where), ...length };
    const once = (agent: Agent | false) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const sent = request({ ...where, method, path, headers, agent, signal }, resolve);
        sent.on('error', (error: NodeJS.ErrnoException) => {
          const stale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
          if (stale && agent) once(false).then(resolve, reject);
          else reject(new RemoteError(plainHttp(error) ?? transportProblem(error, where)));
        });
        sent.end(body);
      });
    return once(this.#agent);
  }

  /**
   * Asks to leave HTTP, over a connection of its own. `upgraded` is that connection, and what was read of it past the
   * answer's head; undefined where the server would not. Rejects with a RemoteError.
   */
  async upgrade(options: Question): Promise<{
    readonly answer: IncomingMessage;
    readonly upgraded?: { readonly socket: Duplex; readonly head: Buffer };
  }> {
    const { method, path, signal } = options;
    const where = { ...this.#tls, ...this.#client, ...(await this.address()) };
    return new Promise((resolve, reject) => {
      const sent = request({ ...where, method, path, headers: headersFor(options, where), agent: false, signal });
      const timer = setTimeout(() => sent.destroy(new Error('i/o timeout')), CONNECT_MS);
      sent.once('socket', (socket) => socket.once('secureConnect', () => clearTimeout(timer)));
      sent.once('upgrade', (answer, socket, head) => {
        signal.removeEventListener('abort', gone);
        resolve({ answer, upgraded: { socket, head } });
      });
      sent.once('response', (answer) => resolve({ answer }));
      const gone = () => sent.destroy();
      signal.addEventListener('abort', gone, { once: true });
      sent.once('error', (error) => {
        clearTimeout(timer);
        reject(new RemoteError(plainHttp(error) ?? transportProblem(error, where)));
      });
      sent.end();
    });
  }

  /** Ends idle connections; requests under way go on. */
  close(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const one of sockets ?? []) one.destroy();
  }

  /** Where the service can be reached. Rejects with a RemoteError. */
  async address(): Promise<Address> {
    const { namespace = '', name = '', port = 443 } = this.service.spec.service ?? {};
    try {
      return await this.#resolve({ namespace, name, port });
    } catch (error) {
      throw new RemoteError(error instanceof Error ? error.message : String(error));
    }
  }
}

/** What a request says of itself; the names of the host come from where it goes. */
function headersFor({ headers, user }: Question, { host, port }: Address): OutgoingHttpHeaders {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const forwarded = 'x-forwarded-uri' in headers ? { 'x-forwarded-host': authority } : {};
  return { ...headers, ...forwarded, ...userHeaders(user), host: authority };
}

/** https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#kubernetes-apiserver-client-authentication */
function userHeaders({ name, uid, groups, extra }: UserInfo): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    [remoteHeader.user]: bytes(name),
    [remoteHeader.group]: groups.map(bytes),
    ...(uid && { [remoteHeader.uid]: bytes(uid) }),
  };
  for (const [key, values] of Object.entries(extra ?? {})) {
    headers[`${remoteExtraPrefix}${escapeKey(key)}`] = values.map(bytes);
  }
  return headers;
}

/** Headers are bytes: UTF-8 in the guise of Latin-1, and nothing that would end the header. */
const bytes = (text: string): string => Buffer.from(text.replace(/\p{Cc}/gu, ' ')).toString('latin1');

/** What a header's name may not have, and the percent sign, as %XX. */
const escapeKey = (key: string): string =>
  [...Buffer.from(key)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
