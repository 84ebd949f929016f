import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Clock, realClock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { type Family, Registry } from '../../utils/metrics.ts';
import type { Authorizer } from '../admission.ts';
import type { Aggregator } from '../aggregation/aggregator.ts';
import type { Auditor } from '../audit/auditor.ts';
import type { RefusalLog } from '../audit/refusal-log.ts';
import type { Authenticate } from '../authentication/authenticator.ts';
import { Impersonation } from '../authentication/impersonation.ts';
import type { ApiCore } from '../core.ts';
import { installFairnessDebug } from '../flowcontrol/debug.ts';
import type { Fairness } from '../flowcontrol/fairness.ts';
import { respondJson } from './answer.ts';
import { ConnectionCount } from './connection-count.ts';
import { Discovery } from './discovery.ts';
import { Door } from './door.ts';
import { Connection } from './exchange.ts';
import { type HealthCheck, HealthMetrics, installHealth } from './health.ts';
import { createHttp1Server } from './http1.ts';
import { Http2Connection } from './http2/connection.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { RequestMetrics } from './metrics.ts';
import { checkRouteAccepts, plainJson, prettier } from './negotiate.ts';
import { installOpenApi } from './openapi.ts';
import { type PathHandler, PathRouter } from './paths.ts';
import { type Connector, createPipeline } from './pipeline.ts';
import { contextChooser, type ServerTls, secureOptions } from './tls-options.ts';
import { version } from './version.ts';
import { WatchFrames } from './watch.ts';

export interface HttpServerOptions {
  readonly core: ApiCore;
  readonly authenticate: Authenticate;
  readonly authorizer: Authorizer;
  readonly tls: ServerTls;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  readonly health?: readonly HealthCheck[];
  /** Where the server's own metrics go, beside others; shown on /metrics. */
  readonly registry?: Registry;
  /** Further paths that are no resources: /openid/v1/jwks. One with a trailing slash takes all below it. */
  readonly handlers?: Readonly<Record<string, PathHandler>>;
  /** Logs, exec and proxies. */
  readonly connector?: Connector;
  /** Group-versions of other servers. */
  readonly aggregator?: Aggregator;
  /** Records requests; closed by who made it. */
  readonly auditor?: Auditor;
  /** Remembers requests that were refused. */
  readonly refusals?: RefusalLog;
  /** Who is served first; closed by who made it. Without it only the number of requests under way is bounded. */
  readonly fairness?: Fairness;
  /** host:port that clients reach the server at; default is what it listens on. */
  readonly advertise?: string;
}

export interface HttpServer {
  /** Resolves with the port in use; 0 asks for any. */
  listen(port: number, address?: string): Promise<number>;
  /** New connections get the new certificate; those that stand keep theirs. */
  reload(tls: ServerTls): void;
  /** Takes no new requests, ends watches, and lets other requests finish within `limits.shutdownMs`. */
  close(): Promise<void>;
}

const metricsHeaders = {
  'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
  'cache-control': 'no-cache, private',
};

/** After so long without a word, TCP asks whether the client is still there. */
const KEEP_ALIVE_MS = 60_000;

/** The API server's front: TLS, HTTP/1.1 and HTTP/2 on one port, and the road of a request (see README.md). */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const { core, log } = options;
  const metrics = new RequestMetrics();
  const registry = options.registry ?? new Registry();
  const health = new HealthMetrics(registry);
  const paths = new PathRouter();
  const endless = new Set<() => void>();
  let address = options.advertise ?? '';
  const discovery = new Discovery(core.resources, () => address, options.aggregator);

  discovery.install(paths);
  installOpenApi(paths, core.resources, options.clock ?? realClock, options.aggregator);
  installHealth(paths, options.health ?? [], log, health);
  const versionJson = Buffer.from(JSON.stringify(version));
  paths.add('/version', ({ exchange }) => {
    checkRouteAccepts(exchange.headers.accept, false, ['application/json']);
    return respondJson(exchange, 200, versionJson, prettier(plainJson));
  });
  registry.add(metrics);
  const showMetrics =
    (family: Family): PathHandler =>
    ({ exchange }) => {
      const lines: string[] = [];
      family.render(lines);
      exchange.respond(200, metricsHeaders, [Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`)]);
    };
  paths.add('/metrics', showMetrics(registry));
  paths.add('/metrics/slis', showMetrics(health));
  for (const [path, handler] of Object.entries(options.handlers ?? {})) paths.add(path, handler);
  if (options.fairness) installFairnessDebug(paths, options.fairness);
  const index: PathHandler = ({ exchange }) => {
    const all = new Set([...paths.listed.filter((path) => !path.endsWith('/')), ...discovery.paths()]);
    respondJson(exchange, 200, Buffer.from(JSON.stringify({ paths: [...all].sort() }, null, 2)), plainJson);
  };
  paths.add('/', index, false);
  paths.add('/index.html', index, false);

  const { handle, flights } = createPipeline({
    core,
    authorizer: options.authorizer,
    authenticate: options.authenticate,
    impersonation: new Impersonation(options.authorizer, registry),
    clock: options.clock ?? realClock,
    limits,
    frames: new WatchFrames(registry),
    endless,
    metrics,
    paths,
    discovery,
    connector: options.connector,
    aggregator: options.aggregator,
    fairness: options.fairness,
    auditor: options.auditor,
    refusals: options.refusals,
    log,
  });

  const door = new Door(limits, handle);
  const connections = new ConnectionCount(limits);
  const http1 = createHttp1Server(limits, door.enter);
  const sockets = new Set<TLSSocket>();
  const sessions = new Set<Http2Connection>();
  let choose = contextChooser(options.tls);
  const tls = createTlsServer(
    {
      ...secureOptions(options.tls),
      requestCert: options.tls.ca !== undefined,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(options.tls.sni && { SNICallback: (host, done) => done(null, choose(host)) }),
      handshakeTimeout: limits.handshakeTimeoutMs,
      noDelay: true,
    },
    (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      if (socket.alpnProtocol === 'h2') {
        const session = new Http2Connection(new Connection(socket), limits, door.enter);
        sessions.add(session);
        socket.once('close', () => sessions.delete(session));
      } else {
        http1.emit('connection', socket);
      }
    },
  );
  // Before the handshake, which is what costs.
  tls.on('connection', (socket: Socket) => {
    if (!connections.admit(socket)) socket.destroy();
  });
  tls.on('tlsClientError', (error) => {
    metrics.handshakeFailed();
    log.debug({ err: error }, 'TLS handshake failed');
  });

  return {
    listen(port, host = '0.0.0.0') {
      return new Promise((resolve, reject) => {
        tls.once('error', reject);
        tls.listen(port, host, () => {
          tls.off('error', reject);
          tls.on('error', (error) => log.error({ err: error }, 'listener failed'));
          // A TCP listener's address is an AddressInfo.
          const { port: bound, address: on } = tls.address() as AddressInfo;
          if (address === '') address = `${on}:${bound}`;
          resolve(bound);
        });
      });
    },
    reload(next) {
      choose = contextChooser(next);
      tls.setSecureContext(secureOptions(next));
    },
    async close() {
      door.closing = true;
      if (limits.shutdownSendsRetryAfter) await flights.drained(limits.requestTimeoutMs);
      const closed = new Promise<void>((resolve) => tls.close(() => resolve()));
      for (const session of sessions) session.shutdown();
      const watches = [...endless];
      for (const [i, end] of watches.entries()) {
        if (limits.watchEndMs === 0) end();
        else setTimeout(end, (limits.watchEndMs * i) / watches.length);
      }
      http1.close();
      http1.closeIdleConnections();
      const destroy = (except?: ReadonlySet<unknown>) => {
        for (const socket of sockets) if (!except?.has(socket)) socket.destroy();
      };
      // Requests that were accepted have what is left of their time; what is no request has ended by itself or never will.
      let rest: NodeJS.Timeout | undefined;
      const patience = setTimeout(async () => {
        destroy(new Set([...flights.underWay()].map(({ connection }) => connection.socket)));
        await flights.drained(limits.requestTimeoutMs);
        // The last answers are on their way.
        rest = setTimeout(() => destroy(), limits.shutdownMs);
      }, limits.shutdownMs + limits.watchEndMs);
      const kill = setTimeout(() => destroy(), limits.requestTimeoutMs + limits.watchEndMs + 2 * limits.shutdownMs);
      await closed;
      clearTimeout(patience);
      clearTimeout(rest);
      clearTimeout(kill);
      flights.close();
    },
  };
}
