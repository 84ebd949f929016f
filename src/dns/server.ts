import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Logger } from '../utils/log.ts';
import type { Resolver } from './resolver.ts';

export interface Listener {
  readonly address: string;
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 256;
/** Questions of one connection that wait for their answers; more are not read before. */
const MOST_PIPELINED = 32;
const IDLE_MS = 10_000;
/** UDP questions that wait for an answer from outside; more are dropped, as a full socket would. */
const MOST_WAITING = 4000;

/** Listens on UDP and TCP at the same address and port. Rejects when one of them is taken. */
export async function listen(resolver: Resolver, address: string, port: number, log: Logger): Promise<Listener> {
  const tcp = createServer((socket) => serveConnection(socket, resolver));
  tcp.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen({ host: address, port }, () => resolve());
  });
  tcp.on('error', (error) => log.warn({ err: error }, 'DNS over TCP'));
  const bound = tcp.address();
  const actual = typeof bound === 'object' && bound ? bound.port : port;
  const connections = new Set<Socket>();
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  try {
    const udp = await listenUdp(resolver, address, actual, log);
    return {
      address,
      port: actual,
      close: async () => {
        for (const socket of connections) socket.destroy();
        await Promise.all([closeTcp(tcp), new Promise<void>((resolve) => udp.close(() => resolve()))]);
      },
    };
  } catch (error) {
    await closeTcp(tcp);
    throw error;
  }
}

function closeTcp(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

async function listenUdp(resolver: Resolver, address: string, port: number, log: Logger): Promise<UdpSocket> {
  const udp = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind({ address, port }, () => {
      udp.removeListener('error', reject);
      resolve();
    });
  });
  udp.on('error', (error) => log.warn({ err: error }, 'DNS over UDP'));
  let waiting = 0;
  let open = true;
  udp.on('close', () => {
    open = false;
  });
  udp.on('message', (message, from) => {
    if (from.port === 0) return;
    const answer = resolver.respond(message, 'udp');
    if (!answer) return;
    // An answer that cannot be sent is as lost as any datagram; the client asks again.
    const send = (bytes: Buffer) => open && udp.send(bytes, from.port, from.address, () => {});
    if (Buffer.isBuffer(answer)) {
      send(answer);
    } else if (waiting < MOST_WAITING) {
      waiting++;
      void answer.then(send).finally(() => waiting--);
    }
  });
  return udp;
}

/** Messages with two bytes of length in front, answered as they become known (RFC 7766). */
function serveConnection(socket: Socket, resolver: Resolver): void {
  let received = Buffer.alloc(0);
  let pending = 0;
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  const send = (answer: Buffer) => {
    if (socket.destroyed) return;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    socket.write(Buffer.concat([length, answer]));
  };
  const drain = () => {
    while (pending < MOST_PIPELINED && received.length >= 2) {
      const length = received.readUInt16BE(0);
      if (received.length < 2 + length) break;
      const message = Buffer.from(received.subarray(2, 2 + length));
      received = received.subarray(2 + length);
      const answer = resolver.respond(message, 'tcp');
      if (!answer) {
        socket.destroy();
        return;
      }
      if (Buffer.isBuffer(answer)) {
        send(answer);
        continue;
      }
      pending++;
      void answer.then(send).finally(() => {
        pending--;
        drain();
      });
    }
    // Who does not read answers, or asks faster than they come, is not read from.
    if (pending >= MOST_PIPELINED || socket.writableNeedDrain) socket.pause();
    else socket.resume();
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    drain();
  });
  socket.on('drain', drain);
}
