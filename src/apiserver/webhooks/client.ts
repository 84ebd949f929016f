/**
 * Calls of webhooks: JSON over HTTPS to a URL or a service, over connections that are kept.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { isIP } from 'node:net';
import { posix } from 'node:path';
import type { Clock } from '../../utils/clock.ts';
import type { KubeconfigUser } from '../config-file/kubeconfig.ts';
import type { ResolveService } from './services.ts';
import { plainHttp, transportProblem } from './transport-problem.ts';
import { readAnswer, WebhookCallError } from './webhook-answer.ts';

export interface WebhookTarget {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM certificates in base64; those that the system trusts where it is absent. */
  readonly caBundle?: string;
}

export interface CallOptions {
  readonly timeoutMs: number;
  /** Ends the call when the client that waits for it went away. */
  readonly signal?: AbortSignal | undefined;
  /** The largest answer that is read, in bytes; default 10 MiB. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 10 * 1024 * 1024;
/** Configurations whose connections are kept, as many as kube-apiserver keeps clients. */
const MAX_CLIENTS = 200;
/** Connections to one webhook at a time; further calls wait for one, for no longer than their timeout. */
const MAX_SOCKETS = 512;
const IDLE_MS = 90_000;

/** Where a configuration's calls go, and the connections there. */
interface Client {
  /** As messages name it, without its query. */
  readonly address: string;
  readonly options: RequestOptions;
  readonly agent: Agent;
  readonly user: KubeconfigUser | undefined;
}

export class WebhookClient {
  readonly #resolve: ResolveService;
  readonly #clock: Clock;
  readonly #credentials: ((host: string) => KubeconfigUser | undefined) | undefined;
  /** In order of their last use. */
  readonly #clients = new Map<string, Client>();

  /** `credentials`: what webhooks are shown, by "HOST:PORT". */
  constructor(resolve: ResolveService, clock: Clock, credentials?: (host: string) => KubeconfigUser | undefined) {
    this.#resolve = resolve;
    this.#clock = clock;
    this.#credentials = credentials;
  }

  /**
   * Posts a JSON body and gives the JSON of the answer. Rejects with WebhookCallError, in the words of Go's client;
   * "failed calling webhook ..." belongs to the caller.
   */
  async call(target: WebhookTarget, body: object, options: CallOptions): Promise<unknown> {
    const client = this.#client(target);
    const query = `?timeout=${Math.max(1, Math.ceil(options.timeoutMs / 1000))}s`;
    const failed = (why: string) => new WebhookCallError(`Post ${JSON.stringify(client.address + query)}: ${why}`);
    const deadline = new AbortController();
    const timer = this.#clock.after(options.timeoutMs, () => deadline.abort());
    const signal = options.signal ? AbortSignal.any([deadline.signal, options.signal]) : deadline.signal;
    const bytes = Buffer.from(JSON.stringify(body));
    let where = client.options;
    try {
      if (target.service) where = { ...where, ...(await this.#resolve(target.service)) };
      where = { ...where, path: `${where.path}${query}`, agent: client.agent, signal };
      const authorization = client.user?.authorization?.();
      if (authorization !== undefined) where.headers = { ...where.headers, authorization };
      const answer = await posted(where, bytes, options.maxBytes ?? MAX_BYTES);
      return readAnswer(answer);
    } catch (error) {
      if (error instanceof WebhookCallError) throw error;
      if (options.signal?.aborted) throw failed('context canceled');
      if (deadline.signal.aborted) throw failed('context deadline exceeded');
      throw failed(plainHttp(error) ?? transportProblem(error, where));
    } finally {
      timer.stop();
    }
  }

  /** Ends the connections that are kept. */
  close(): void {
    for (const { agent } of this.#clients.values()) agent.destroy();
    this.#clients.clear();
  }

  #client(target: WebhookTarget): Client {
    const { url = '', service, caBundle = '' } = target;
    const to = service ? `${service.namespace}/${service.name}:${service.port ?? 443}${service.path ?? ''}` : url;
    const key = `${to} ${caBundle}`;
    const known = this.#clients.get(key);
    this.#clients.delete(key);
    const client = known ?? newClient(target, this.#credentials);
    this.#clients.set(key, client);
    if (this.#clients.size > MAX_CLIENTS) {
      const [oldest = ''] = this.#clients.keys();
      // Calls under way end by themselves; only the idle connections are of no use any more.
      const agent = this.#clients.get(oldest)?.agent;
      for (const sockets of Object.values(agent?.freeSockets ?? {}))
        for (const socket of sockets ?? []) socket.destroy();
      this.#clients.delete(oldest);
    }
    return client;
  }
}

function newClient(
  { url, service, caBundle }: WebhookTarget,
  credentials: ((host: string) => KubeconfigUser | undefined) | undefined,
): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo', timeout: IDLE_MS });
  const ca = caBundle ? Buffer.from(caBundle, 'base64') : undefined;
  // As for Go, whatever is in the bundle is trusted: a server's own certificate, too, which is what tests often give.
  const common = { method: 'POST', allowPartialTrustChain: true, ...(ca && { ca }) };
  if (service) {
    const servername = `${service.name}.${service.namespace}.svc`;
    const port = service.port ?? 443;
    const path = cleanPath(service.path ?? '/');
    const headers = { host: `${servername}:${port}` };
    const user = credentials?.(`${servername}:${port}`);
    return {
      address: `https://${servername}:${port}${path}`,
      options: { ...common, ...certificateOf(user), servername, path, headers },
      agent,
      user,
    };
  }
  if (!url) throw new WebhookCallError('webhook configuration must have either service or URL');
  const { hostname, port, pathname, protocol, host } = new URL(url);
  const path = cleanPath(pathname);
  const bare = hostname.replace(/^\[|\]$/g, '');
  const user = credentials?.(`${hostname}:${port === '' ? 443 : port}`);
  return {
    address: `${protocol}//${host}${path}`,
    options: {
      ...common,
      ...certificateOf(user),
      host: bare,
      port: port === '' ? 443 : Number(port),
      path,
      ...(isIP(bare) === 0 && { servername: bare }),
    },
    agent,
    user,
  };
}

const certificateOf = (user: KubeconfigUser | undefined): RequestOptions =>
  user?.cert === undefined ? {} : { cert: user.cert, key: user.key };

/** Without doubled and trailing slashes, as kube-apiserver asks for it. */
const cleanPath = (path: string): string => posix.join('/', path).replace(/(?<=.)\/$/, '');

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Once more where a kept connection turns out to be closed: nobody has read the request. */
export async function posted(options: RequestOptions, body: Buffer, maxBytes: number): Promise<HttpAnswer> {
  try {
    return await post(options, body, maxBytes);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return await post({ ...options, agent: false }, body, maxBytes);
  }
}

class StaleConnection extends Error {}

const closed = new Set(['ECONNRESET', 'EPIPE']);

function post(options: RequestOptions, body: Buffer, maxBytes: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...options.headers,
      'content-type': 'application/json',
      'content-length': body.length,
      accept: 'application/json, */*',
      'user-agent': 'kube-apiserver-admission',
    };
    const sent = request({ ...options, headers }, (answer) => {
      collect(answer, maxBytes).then(resolve, (error) => {
        sent.destroy();
        reject(error);
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      reject(sent.reusedSocket && closed.has(error.code ?? '') ? new StaleConnection() : error);
    });
    sent.end(body);
  });
}

async function collect(answer: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    // Without an encoding, streams of HTTP give buffers.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > maxBytes) throw new WebhookCallError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}
