import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Pod } from '../../api/core/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import { CriError } from '../cri/client.ts';
import { containerSpec } from '../pods/pod.ts';
import { HttpError } from './http-error.ts';
import { bridgePortForward, tunnelPortForward } from './port-forward.ts';
import { bridgeCommand, type StreamFlags } from './remote-command.ts';
import { StreamRefusedError } from './spdy/dial.ts';
import type { ContainerRef, ServerBackend } from './types.ts';
import {
  acceptWebSocket,
  type ChannelProtocol,
  chooseProtocol,
  commandProtocols,
  portForwardProtocols,
  TUNNEL_PROTOCOL,
} from './websocket.ts';

export interface StreamRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent already. */
  readonly head: Buffer;
  /** Parts of the path: `exec`, namespace, pod, container. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** The server stops. */
  readonly signal: AbortSignal;
  /** From here on what is written to the client is the session's: no answer in HTTP any more. */
  readonly handOver: () => void;
}

/**
 * Runs a session of exec, attach or port-forward to its end. SPDY goes to the runtime's streaming server as it is;
 * WebSockets are translated to it. Rejects with HttpError while the client has not been answered yet.
 */
export async function serveStreams(backend: ServerBackend, of: StreamRequest): Promise<void> {
  try {
    if (of.path[0] === 'portForward') await portForward(backend, of);
    else await command(backend, of);
  } catch (error) {
    if (error instanceof StreamRefusedError) throw new HttpError(error.code, error.message);
    if (error instanceof CriError) {
      const code = error.code === 'NotFound' ? 404 : error.code === 'ResourceExhausted' ? 429 : 500;
      throw new HttpError(code, error.rpcMessage);
    }
    throw error;
  }
}

async function command(backend: ServerBackend, of: StreamRequest): Promise<void> {
  const { request, path, query, signal } = of;
  const [verb = ''] = path;
  const { ref, container } = findContainer(backend, path);
  // Whether there is a terminal was settled when the container was made.
  const tty = verb === 'attach' ? (container.tty ?? false) : flag(query, 'tty');
  const flags: StreamFlags = {
    stdin: flag(query, 'input'),
    stdout: flag(query, 'output'),
    // With a terminal there is one output.
    stderr: flag(query, 'error') && !tty,
    tty,
  };
  if (!flags.stdin && !flags.stdout && !flags.stderr) {
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  const protocol = isWebSocket(request) ? chosenProtocol(request, commandProtocols) : undefined;
  const url =
    verb === 'exec'
      ? await backend.cri.exec({ containerId: ref.id, cmd: query.getAll('command'), ...flags })
      : await backend.cri.attach({ containerId: ref.id, ...flags });
  if (!protocol) return relaySpdy(of, url);
  await bridgeCommand(accept(of, protocol.name), protocol.channels, url, flags, signal);
}

async function portForward(backend: ServerBackend, of: StreamRequest): Promise<void> {
  const { request, path, query, signal } = of;
  const pod = findPod(backend, path[1], path[2]);
  const sandbox = backend.sandbox(pod);
  if (!sandbox) throw new HttpError(500, `pod not found (${quote(`${pod.metadata.name}_${pod.metadata.namespace}`)})`);
  if (!isWebSocket(request)) return relaySpdy(of, await backend.cri.portForward(sandbox, []));
  if (chooseProtocol(request, [TUNNEL_PROTOCOL]) !== undefined) {
    const url = await backend.cri.portForward(sandbox, []);
    return tunnelPortForward(accept(of, TUNNEL_PROTOCOL), url, signal);
  }
  const protocol = chosenProtocol(request, portForwardProtocols);
  const ports = parsePorts(query);
  const url = await backend.cri.portForward(sandbox, ports);
  await bridgePortForward(accept(of, protocol.name), protocol.channels, url, ports, signal);
}

const MOST_PORTS = 100;

function parsePorts(query: URLSearchParams): number[] {
  const texts = [...query.getAll('port'), ...query.getAll('ports')].flatMap((text) => text.split(','));
  if (texts.length === 0) throw new HttpError(400, 'query parameter "port" is required');
  if (texts.length > MOST_PORTS) throw new HttpError(400, 'too many ports');
  return texts.map((text) => {
    if (text === '') throw new HttpError(400, 'query parameter "port" cannot be empty');
    const port = Number(text);
    if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
      throw new HttpError(400, `unable to parse ${quote(text)} as a port`);
    }
    return port;
  });
}

const accept =
  ({ request, socket, head }: StreamRequest, protocol: string) =>
  () =>
    acceptWebSocket(request, socket, head, protocol);

const isWebSocket = (request: IncomingMessage): boolean =>
  (request.headers.upgrade ?? '').toLowerCase() === 'websocket';

function chosenProtocol(
  request: IncomingMessage,
  known: Readonly<Record<string, ChannelProtocol>>,
): { name: string; channels: ChannelProtocol } {
  const name = chooseProtocol(request, Object.keys(known));
  const channels = name === undefined ? undefined : known[name];
  if (name === undefined || !channels) {
    const offered = request.headers['sec-websocket-protocol'] ?? '';
    throw new HttpError(400, `unable to upgrade: none of the protocols is known: ${offered}`);
  }
  return { name, channels };
}

function findPod(backend: ServerBackend, namespace = '', name = ''): Pod {
  const pod = backend.pod(namespace, name);
  if (!pod) throw new HttpError(404, 'pod does not exist');
  return pod;
}

/** `path` is [verb, namespace, pod, container] or [verb, namespace, pod, uid, container]. */
export function findContainer(
  backend: ServerBackend,
  path: readonly string[],
): { readonly ref: ContainerRef; readonly container: { readonly tty?: boolean } } {
  const pod = findPod(backend, path[1], path[2]);
  const uid = path.length > 4 ? path[3] : undefined;
  if (uid !== undefined && uid !== pod.metadata.uid) throw new HttpError(404, 'pod does not exist');
  const name = path.at(-1) ?? '';
  const container = containerSpec(pod, name);
  const ref = container && backend.container(pod, name);
  if (!ref) throw new HttpError(500, `container not found (${quote(name)})`);
  return { ref, container };
}

const flag = (query: URLSearchParams, name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '');

const CONNECT_TIMEOUT = 30_000;

/** Hands the client's request, and from then on every byte both ways, to the runtime's streaming server. */
async function relaySpdy({ request, socket, head, signal, handOver }: StreamRequest, url: string): Promise<void> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const upstream = connect({ host: hostname, port: Number(port || 80) });
  await new Promise<void>((resolve, reject) => {
    upstream.setTimeout(CONNECT_TIMEOUT, () => upstream.destroy(new Error('the runtime does not answer')));
    upstream.once('error', reject);
    upstream.once('connect', () => {
      upstream.off('error', reject);
      resolve();
    });
  });
  handOver();
  upstream.setTimeout(0);
  upstream.setNoDelay(true);
  // One to a line: older runtimes do not take lists apart.
  const versions = (request.headersDistinct['x-stream-protocol-version'] ?? [])
    .flatMap((line) => line.split(','))
    .map((version) => `X-Stream-Protocol-Version: ${version.trim()}\r\n`);
  upstream.write(
    `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${versions.join('')}Content-Length: 0\r\n\r\n`,
  );
  if (head.length > 0) upstream.write(head);
  const hangUp = () => {
    socket.destroy();
    upstream.destroy();
  };
  signal.addEventListener('abort', hangUp, { once: true });
  const closed = Promise.all([
    new Promise((resolve) => (socket.destroyed ? resolve(undefined) : socket.once('close', resolve))),
    new Promise((resolve) => upstream.once('close', resolve)),
  ]);
  socket.pipe(upstream);
  upstream.pipe(socket);
  socket.on('error', hangUp);
  upstream.on('error', hangUp);
  socket.once('close', hangUp);
  // What has been read of it must still reach the client.
  upstream.once('close', () => socket.end(() => socket.destroy()));
  if (socket.destroyed) hangUp();
  await closed;
  signal.removeEventListener('abort', hangUp);
}
