import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { errors } from '../../../api/errors.ts';
import type { Exchange } from '../exchange.ts';
import type { KubeletAddress } from './node-connector.ts';

/** Where a request is passed on to; without `tls` in the clear. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly tls?: KubeletAddress['tls'];
}

/** How long a backend may take to accept a connection. */
const CONNECT_MS = 30_000;

/** Who the client is was found out here; credentials are not for those behind. */
const withheld = /^(?:authorization|impersonate-.*|host|proxy-.*)$/;

/** The client's headers as a backend gets them. */
export function forwardedHeaders(exchange: Exchange, upstream: Upstream): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (value !== undefined && !withheld.test(name)) headers[name] = value;
  }
  const authority = upstream.host.includes(':') ? `[${upstream.host}]` : upstream.host;
  headers.host = `${authority}:${upstream.port}`;
  headers['x-forwarded-for'] = exchange.connection.remoteAddress;
  headers['x-forwarded-proto'] = 'https';
  if (exchange.headers.host) headers['x-forwarded-host'] = exchange.headers.host;
  return headers;
}

/**
 * Passes an upgrade on to a backend and from then on every byte both ways; the protocols (SPDY, WebSocket) are the
 * two ends' business. Rejects with ApiError where the backend cannot be reached.
 */
export async function tunnel(exchange: Exchange, upstream: Upstream, path: string): Promise<void> {
  const { upgrade } = exchange;
  if (!upgrade) throw errors.badRequest('Upgrade request required');
  const backend = await dial(upstream, exchange.signal);
  const head = [`${exchange.method} ${path} HTTP/1.1`];
  for (const [name, value] of Object.entries(forwardedHeaders(exchange, upstream))) {
    for (const one of typeof value === 'string' ? [value] : value) head.push(`${name}: ${one}`);
  }
  upgrade.take();
  const client = upgrade.socket;
  backend.write(`${head.join('\r\n')}\r\n\r\n`);
  if (upgrade.head.length > 0) backend.write(upgrade.head);
  join(client, backend);
}

/** Each side gets what the other says, at its own pace, and ends when the other does. */
function join(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  a.once('close', () => b.destroy());
  b.once('close', () => a.destroy());
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
}

function dial(upstream: Upstream, signal: AbortSignal): Promise<Duplex> {
  const { host, port, tls } = upstream;
  return new Promise((resolve, reject) => {
    const socket = tls ? connectTls({ host, port, ...tls }, () => ready()) : connectTcp({ host, port }, () => ready());
    const fail = (why: string) => {
      socket.destroy();
      signal.removeEventListener('abort', gone);
      reject(errors.internal(`error dialing backend: ${why}`));
    };
    const gone = () => fail('the client is gone');
    const refused = (error: Error) => fail(error.message);
    const ready = () => {
      socket.off('error', refused);
      socket.setTimeout(0);
      signal.removeEventListener('abort', gone);
      resolve(socket);
    };
    socket.setTimeout(CONNECT_MS, () => fail(`no answer from ${host}:${port}`));
    socket.setNoDelay(true);
    socket.once('error', refused);
    signal.addEventListener('abort', gone, { once: true });
  });
}
