import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

const CONNECT_TIMEOUT = 30_000;
/** As much of a refusal as anybody reads. */
const LONGEST_REFUSAL = 2048;

/** The runtime's streaming server would not talk; `message` is its answer. */
export class StreamRefusedError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'StreamRefusedError';
    this.code = code;
  }
}

/**
 * Upgrades a connection to one of the runtime's streaming URLs to SPDY/3.1. Rejects with StreamRefusedError, or with
 * another Error when nobody listens there.
 */
export function dialSpdy(
  url: string,
  protocol: string,
  signal: AbortSignal,
): Promise<{ readonly socket: Socket; readonly head: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method: 'POST',
      agent: false,
      signal,
      timeout: CONNECT_TIMEOUT,
      headers: {
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': protocol,
        'content-length': '0',
      },
    });
    asked.once('upgrade', (_response, socket: Socket, head) => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      resolve({ socket, head });
    });
    asked.once('response', (response) => {
      refusal(response).then((text) => reject(new StreamRefusedError(response.statusCode ?? 500, text)), reject);
    });
    asked.once('timeout', () => asked.destroy(new Error('the runtime does not answer')));
    asked.once('error', reject);
    asked.end();
  });
}

async function refusal(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length >= LONGEST_REFUSAL) break;
  }
  response.destroy();
  return text.slice(0, LONGEST_REFUSAL).trim();
}
