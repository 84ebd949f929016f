/** Passes requests on to extension API servers. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { commonHeaders, respondText } from '../http/answer.ts';
import { readBody } from '../http/bodies.ts';
import { relay, relayedHeaders } from '../http/connect/forward.ts';
import { type Exchange, hopByHop } from '../http/exchange.ts';
import type { Request } from '../http/request.ts';
import { RemoteError, type RemoteServer, remoteExtraPrefix, remoteHeader } from './remote-server.ts';

/** Who the client is was found out here: neither its credentials nor what it says of itself go any further. */
const withheld = (name: string): boolean =>
  name === 'authorization' ||
  name === 'host' ||
  name === remoteHeader.user ||
  name === remoteHeader.uid ||
  name === remoteHeader.group ||
  name.startsWith(remoteExtraPrefix) ||
  name.startsWith('impersonate-') ||
  name.startsWith('proxy-');

/** Hands a request that may be made, as its user, to an extension API server, and the answer to the client. */
export async function proxyRequest(request: Request, server: RemoteServer, bodyLimit: number): Promise<void> {
  const { exchange, user } = request;
  try {
    if (exchange.upgrade) return await proxyUpgrade(request, server);
    const { method } = exchange;
    const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(exchange, bodyLimit);
    const headers = Object.fromEntries(Object.entries(forwarded(exchange)).filter(([name]) => !hopByHop.has(name)));
    delete headers['content-length'];
    const answer = await server.ask({ method, path: exchange.url, headers, user, body, signal: exchange.signal });
    await passOn(exchange, answer);
  } catch (error) {
    if (!(error instanceof RemoteError) || exchange.status !== 0) throw error;
    respondText(exchange, 503, `error trying to reach service: ${error.message}\n`);
  }
}

async function passOn(exchange: Exchange, answer: IncomingMessage): Promise<void> {
  const headers = { ...relayedHeaders(answer), 'audit-id': commonHeaders(exchange, '')['audit-id'] ?? '' };
  const bare = exchange.method === 'HEAD' || answer.statusCode === 304 || answer.statusCode === 204;
  if (!bare) return relay(exchange, answer, exchange.stream(answer.statusCode ?? 502, headers));
  answer.resume();
  exchange.respond(answer.statusCode ?? 502, headers, []);
}

function forwarded(exchange: Exchange): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (value !== undefined && !withheld(name)) headers[name] = value;
  }
  const before = exchange.headers['x-forwarded-for'];
  const client = exchange.connection.remoteAddress;
  headers['x-forwarded-for'] = before ? `${before}, ${client}` : client;
  headers['x-forwarded-proto'] = 'https';
  headers['x-forwarded-host'] = exchange.headers.host ?? '';
  headers['x-forwarded-uri'] = exchange.url.split('?', 1)[0];
  return headers;
}

/** From the answer to an upgrade on, every byte goes both ways; the protocols are the two ends' business. */
async function proxyUpgrade({ exchange, user }: Request, server: RemoteServer): Promise<void> {
  const { upgrade } = exchange;
  if (!upgrade) return;
  const { socket, headers } = await server.dial(user, exchange.signal);
  const head = [`${exchange.method} ${exchange.url} HTTP/1.1`];
  for (const [name, value] of Object.entries({ ...forwarded(exchange), ...headers })) {
    for (const one of Array.isArray(value) ? value : [value]) head.push(`${name}: ${one}`);
  }
  upgrade.take();
  // Header values came from the client's own headers as Latin-1, or were made safe.
  socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1');
  if (upgrade.head.length > 0) socket.write(upgrade.head);
  join(upgrade.socket, socket);
}

function join(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  a.once('close', () => b.destroy());
  b.once('close', () => a.destroy());
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
}
