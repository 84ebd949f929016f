import type { WebSocket } from 'ws';
import { Bridge, connectBoth } from './bridge.ts';
import { bytesOf, type ChannelProtocol, closeSoon, Outgoing } from './websocket.ts';

const RUNTIME_PROTOCOL = 'portforward.k8s.io';

/** A client that speaks SPDY inside WebSocket messages: the bytes go to the runtime as they are. */
export async function tunnelPortForward(
  accept: () => Promise<WebSocket>,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const { socket, head, client } = await connectBoth({ accept, url, runtimeProtocol: RUNTIME_PROTOCOL, signal });
  const outgoing = new Outgoing(client, socket);
  const closed = Promise.all([
    new Promise((resolve) => client.once('close', resolve)),
    new Promise((resolve) => socket.once('close', resolve)),
  ]);
  const hangUp = () => {
    socket.destroy();
    client.terminate();
  };
  signal.addEventListener('abort', hangUp, { once: true });
  if (head.length > 0) outgoing.send(head);
  socket.on('data', (chunk: Buffer) => outgoing.send(chunk));
  socket.on('error', () => {}); // 'close' follows
  socket.once('end', () => socket.destroy());
  socket.once('close', () => closeSoon(client, 1000));
  socket.on('drain', () => client.resume());
  client.on('message', (raw) => {
    if (!socket.write(bytesOf(raw))) client.pause();
  });
  client.on('error', () => client.terminate());
  client.once('close', () => socket.destroy());
  await closed;
  signal.removeEventListener('abort', hangUp);
}

/**
 * A client that speaks channels: two for each port, the first for its data, the second for an error. Each begins with
 * the port's number in two bytes, the lower first.
 */
export async function bridgePortForward(
  accept: () => Promise<WebSocket>,
  protocol: ChannelProtocol,
  url: string,
  ports: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const bridge = await Bridge.open({ accept, protocol, url, runtimeProtocol: RUNTIME_PROTOCOL, signal });
  const { session, channels, streams } = bridge;
  // A port that could not be reached ends its data before it says so.
  let open = 2 * ports.length;
  const end = () => {
    if (--open === 0) bridge.end();
  };
  for (const [i, port] of ports.entries()) {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    channels.send(2 * i, number);
    channels.send(2 * i + 1, number);
    const headers = { port: String(port), requestID: String(i) };
    const failure = session.open(
      { ...headers, streamType: 'error' },
      { data: (chunk) => channels.send(2 * i + 1, chunk), end },
    );
    failure.end(); // nothing is ever said on it from here
    const data = session.open(
      { ...headers, streamType: 'data' },
      { data: (chunk) => channels.send(2 * i, chunk), end },
    );
    streams.set(2 * i, data);
  }
  await bridge.closed();
}
