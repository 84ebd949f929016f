/** Passes requests on to extension API servers. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { commonHeaders, respondText } from '../http/answer.ts';
import { readBody } from '../http/bodies.ts';
import { relay, relayedHeaders } from '../http/connect/forward.ts';
import { type Exchange, hopByHop, type Upgrade } from '../http/exchange.ts';
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

/** Whom the server lets in is its business on its own address, not on this one's. */
const corsHeaders = ['credentials', 'headers', 'methods', 'origin'].map((what) => `access-control-allow-${what}`);

/** Hands a request that may be made, as its user, to an extension API server, and the answer to the client. */
export async function proxyRequest(request: Request, server: RemoteServer, bodyLimit: number): Promise<void> {
  const { exchange, user } = request;
  // One for the client and the server, so that their audit logs can be joined.
  const own = commonHeaders(exchange, '');
  if (exchange.upgrade) return proxyUpgrade(request, exchange.upgrade, server, own);
  try {
    const { method } = exchange;
    const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(exchange, bodyLimit);
    const headers = Object.fromEntries(
      Object.entries(forwarded(exchange, own)).filter(([name]) => !hopByHop.has(name)),
    );
    delete headers['content-length'];
    headers['x-forwarded-proto'] = 'https';
    headers['x-forwarded-uri'] = exchange.url.split('?', 1)[0];
    const answer = await server.ask({ method, path: exchange.url, headers, user, body, signal: exchange.signal });
    await passOn(exchange, answer, own);
  } catch (error) {
    if (!(error instanceof RemoteError) || exchange.status !== 0) throw error;
    respondText(exchange, 503, `error trying to reach service: ${error.message}\n`);
  }
}

async function passOn(exchange: Exchange, answer: IncomingMessage, own: OwnHeaders): Promise<void> {
  const code = answer.statusCode ?? 502;
  if (code >= 300 && code <= 399 && answer.headers.location) {
    // A client would follow with its credentials, wherever the server sends it.
    answer.destroy();
    const text = Buffer.from('the backend attempted to redirect this request, which is not permitted');
    exchange.respond(502, { ...own, 'content-type': 'text/plain; charset=utf-8' }, [text]);
    return;
  }
  const theirs = relayedHeaders(answer);
  const headers: Record<string, string | readonly string[]> = {
    ...theirs,
    'audit-id': own['audit-id'] ?? '',
    'cache-control': [own['cache-control'] ?? [], theirs['cache-control'] ?? []].flat(),
  };
  for (const name of corsHeaders) delete headers[name];
  const bare = exchange.method === 'HEAD' || code === 304 || code === 204;
  if (!bare) return relay(exchange, answer, exchange.stream(code, headers));
  answer.resume();
  exchange.respond(code, headers, []);
}

type OwnHeaders = ReturnType<typeof commonHeaders>;

function forwarded(exchange: Exchange, own: OwnHeaders): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (value !== undefined && !withheld(name)) headers[name] = value;
  }
  const before = exchange.headers['x-forwarded-for'];
  const client = exchange.connection.remoteAddress;
  headers['x-forwarded-for'] = before ? `${before}, ${client}` : client;
  headers['audit-id'] = String(own['audit-id']);
  return headers;
}

/** From the answer to an upgrade on, every byte goes both ways; the protocols are the two ends' business. */
async function proxyUpgrade(
  { exchange, user }: Request,
  upgrade: Upgrade,
  server: RemoteServer,
  own: OwnHeaders,
): Promise<void> {
  try {
    const { method, url, signal } = exchange;
    const { answer, upgraded } = await server.upgrade({
      method,
      path: url,
      headers: forwarded(exchange, own),
      user,
      signal,
    });
    const code = answer.statusCode ?? 0;
    if (upgraded) {
      upgrade.take();
      upgrade.socket.write(headOf(answer), 'latin1');
      upgrade.socket.write(upgraded.head);
      upgraded.socket.write(upgrade.head);
      join(upgrade.socket, upgraded.socket);
    } else if (code >= 400) {
      await relay(exchange, answer, exchange.stream(code, relayedHeaders(answer)));
    } else {
      answer.destroy();
      throw new RemoteError(`invalid upgrade response: status code ${code}`);
    }
  } catch (error) {
    if (!(error instanceof RemoteError) || exchange.status !== 0) throw error;
    respondText(exchange, 503, `${error.message === 'EOF' ? 'unexpected EOF' : error.message}\n`);
  }
}

/** The head of an answer as it came. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function join(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  a.once('close', () => b.destroy());
  b.once('close', () => a.destroy());
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
}
