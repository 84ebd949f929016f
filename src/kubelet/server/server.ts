import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { CriError } from '../cri/client.ts';
import { ServerAuth } from './auth.ts';
import { HttpError } from './http-error.ts';
import { openLog, readLog } from './log-reader.ts';
import { findLog } from './logs.ts';
import { family, Stats } from './stats.ts';
import { findContainer, serveStreams } from './streams.ts';
import type { ServerBackend, StartStreamsServer } from './types.ts';

export interface ServerTls {
  /** PEM; the node's serving certificate. */
  readonly cert: string;
  readonly key: string;
  /** PEM; who signs the certificates of clients. */
  readonly clientCa: string;
}

export interface StreamsServerOptions {
  /** Speaks for the node: asks the API server who callers are and what they may. */
  readonly client: Client;
  /** Absent: not yet; handshakes fail until `onTlsChange` brings it. */
  readonly tls: ServerTls | undefined;
  /** Registers who is to hear of renewed certificates; connections that stand keep theirs. */
  readonly onTlsChange?: (listener: (tls: ServerTls) => void) => void;
  /** Default: all addresses. */
  readonly address?: string;
  /** Default 10250, or a free one where something else has that; 0 takes a free one. */
  readonly port?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const KUBELET_PORT = 10250;
const HEADERS_TIMEOUT = 30_000;

/**
 * The kubelet's HTTPS server: logs, exec, attach, port-forward, statistics.
 * https://kubernetes.io/docs/reference/networking/ports-and-protocols/
 */
export function createStreamsServer(options: StreamsServerOptions): StartStreamsServer {
  return async (backend) => {
    const { tls, clock } = options;
    const log = options.log.child({ component: 'kubelet-server' });
    const auth = new ServerAuth({ client: options.client, nodeName: backend.nodeName, clock });
    const stats = new Stats(backend, () => clock.now());
    const stop = new AbortController();
    const sessions = new Set<Promise<void>>();

    const server = createServer(
      {
        ...(tls && contextOf(tls)),
        requestCert: true,
        // A client without a certificate may have a token.
        rejectUnauthorized: false,
        minVersion,
        headersTimeout: HEADERS_TIMEOUT,
      },
      (request, response) => {
        answer(request, response).catch((error: unknown) => {
          log.debug({ err: error, url: request.url }, 'a request failed');
          if (response.headersSent) return void response.destroy();
          const { code, message } = refusal(error);
          response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(message);
        });
      },
    );

    async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const { pathname, searchParams } = pathOf(request);
      await auth.check(request, pathname);
      const [verb = '', ...rest] = partsOf(pathname);
      const send = (type: string, body: string) => void response.writeHead(200, { 'content-type': type }).end(body);
      switch (verb) {
        case 'healthz':
          return send('text/plain; charset=utf-8', 'ok');
        case 'pods':
          return send('application/json', podList(backend));
        case 'metrics':
          if (rest[0] === 'resource') return send(METRICS_TYPE, await stats.resourceMetrics());
          return send(METRICS_TYPE, ownMetrics(backend));
        case 'stats':
          if (rest[0] !== 'summary') break;
          return send('application/json', JSON.stringify(await stats.summary()));
        case 'containerLogs':
          if (request.method !== 'GET') break;
          return sendLog(backend, clock, rest, searchParams, response, stop.signal);
        case 'run': {
          if (request.method !== 'POST') break;
          const { ref } = findContainer(backend, [verb, ...rest]);
          const command = (searchParams.get('cmd') ?? '').split(' ');
          const { stdout, stderr } = await backend.cri.execSync(ref.id, command, 0);
          return send('text/plain; charset=utf-8', Buffer.concat([stdout, stderr]).toString());
        }
        case 'exec':
        case 'attach':
        case 'portForward':
          throw new HttpError(400, 'Upgrade request required');
      }
      throw new HttpError(404, '404 page not found\n');
    }

    options.onTlsChange?.((renewed) => server.setSecureContext({ ...contextOf(renewed), minVersion }));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => {}); // 'close' follows
      let handedOver = false;
      const handOver = () => {
        handedOver = true;
      };
      const session = upgrade(request, socket, head, handOver)
        .catch((error: unknown) => {
          log.debug({ err: error, url: request.url }, 'a session failed');
          if (handedOver) socket.destroy();
          else refuse(socket, refusal(error));
        })
        .finally(() => sessions.delete(session));
      sessions.add(session);
    });

    async function upgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      handOver: () => void,
    ): Promise<void> {
      const { pathname, searchParams: query } = pathOf(request);
      await auth.check(request, pathname);
      const path = partsOf(pathname);
      if (!streamed.has(path[0] ?? '')) throw new HttpError(404, '404 page not found\n');
      await serveStreams(backend, { request, socket, head, path, query, signal: stop.signal, handOver });
    }

    const listen = (port: number) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, options.address, () => {
          server.off('error', reject);
          resolve();
        });
      });
    await listen(options.port ?? KUBELET_PORT).catch((error: NodeJS.ErrnoException) => {
      // The Node says where it is: a second node of a machine can have its own port.
      if (options.port !== undefined || error.code !== 'EADDRINUSE') throw error;
      return listen(0);
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return {
      // A server that listens on TCP has an address of this type.
      port: (server.address() as AddressInfo).port,
      async stop() {
        stop.abort();
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        await Promise.all([closed, ...sessions]);
      },
    };
  };
}

const minVersion = 'TLSv1.2';
const contextOf = ({ cert, key, clientCa }: ServerTls) => ({ cert, key, ca: clientCa });

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const streamed = new Set(['exec', 'attach', 'portForward']);

function pathOf(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? '/', 'https://kubelet');
  if (!url) throw new HttpError(400, 'Bad Request');
  return url;
}

function partsOf(pathname: string): string[] {
  try {
    return pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    throw new HttpError(400, 'Bad Request');
  }
}

function refusal(error: unknown): { readonly code: number; readonly message: string } {
  if (error instanceof HttpError) return error;
  if (error instanceof CriError) return { code: error.code === 'NotFound' ? 404 : 500, message: error.rpcMessage };
  return { code: 500, message: error instanceof Error ? error.message : String(error) };
}

/** Answers an upgrade with no. */
function refuse(socket: Duplex, { code, message }: ReturnType<typeof refusal>): void {
  const body = Buffer.from(message);
  socket.end(
    `HTTP/1.1 ${code} \r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${message}`,
    () => socket.destroy(),
  );
}

async function sendLog(
  backend: ServerBackend,
  clock: Clock,
  path: readonly string[],
  query: URLSearchParams,
  response: ServerResponse,
  stopped: AbortSignal,
): Promise<void> {
  const { path: file, options, source } = findLog(backend, clock, path, query);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, stopped]);
  const handle = await openLog(file).catch((error: Error) => {
    throw new HttpError(400, error.message);
  });
  const lines = readLog(file, handle, options, source, signal);
  response.writeHead(200, { 'content-type': 'text/plain' });
  if (options.follow) response.flushHeaders(); // there may be nothing to say for long
  for await (const part of lines) {
    if (response.write(part) || signal.aborted) continue;
    await new Promise<void>((resolve) => {
      const proceed = () => {
        response.off('drain', proceed);
        signal.removeEventListener('abort', proceed);
        resolve();
      };
      response.once('drain', proceed);
      signal.addEventListener('abort', proceed, { once: true });
    });
  }
  response.end();
}

const podList = (backend: ServerBackend): string =>
  JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: backend.pods() });

function ownMetrics(backend: ServerBackend): string {
  const pods = backend.pods();
  const running = pods.filter((pod) => pod.status?.phase === 'Running').length;
  const states = new Map<string, number>();
  for (const pod of pods) {
    for (const { state } of pod.status?.containerStatuses ?? []) {
      const name = state.running ? 'running' : state.terminated ? 'exited' : 'created';
      states.set(name, (states.get(name) ?? 0) + 1);
    }
  }
  const gauge = (name: string, help: string, samples: Parameters<typeof family>[3]) =>
    family(name, 'gauge', help, samples, 'ALPHA');
  return [
    gauge('kubelet_node_name', "The node's name. The count is always 1.", [
      { labels: { node: backend.nodeName }, value: 1 },
    ]),
    gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox', [{ labels: {}, value: running }]),
    gauge(
      'kubelet_running_containers',
      'Number of containers currently running',
      [...states].map(([state, value]) => ({ labels: { container_state: state }, value })),
    ),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', [
      { labels: {}, value: process.memoryUsage.rss() },
    ]),
  ].join('');
}
