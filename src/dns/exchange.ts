import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Upstream } from './resolv-conf.ts';

/**
 * Sends a message to a server and gives its answers to `accept` until that takes one. Rejects when the signal aborts or
 * the server cannot be reached. Each UDP exchange has a socket, and so a random port, of its own: together with the
 * random identity that is what makes forged answers miss (RFC 5452).
 */
export type Exchange = <T>(
  upstream: Upstream,
  message: Buffer,
  accept: (answer: Buffer) => T | undefined,
  signal: AbortSignal,
) => Promise<T>;

export const exchangeUdp: Exchange = (upstream, message, accept, signal) =>
  new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(upstream.address) ? 'udp6' : 'udp4');
    const finish = (settle: () => void) => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners();
      socket.on('error', () => {}); // late news of a closed socket
      socket.close();
      settle();
    };
    const abort = () => finish(() => reject(new Error('no answer in time')));
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('message', (answer) => {
      const taken = accept(answer);
      if (taken !== undefined) finish(() => resolve(taken));
    });
    // A connected socket hears nobody else, and learns at once when nobody listens there.
    socket.connect(upstream.port, upstream.address, () => socket.send(message));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });

export const exchangeTcp: Exchange = (upstream, message, accept, signal) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: upstream.address, port: upstream.port, signal });
    const frame = Buffer.alloc(2);
    frame.writeUInt16BE(message.length);
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection ended without an answer')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0);
      if (received.length < 2 + length) return;
      const taken = accept(received.subarray(2, 2 + length));
      if (taken !== undefined) resolve(taken);
      socket.destroy();
    });
    socket.write(Buffer.concat([frame, message]));
  });
