import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { dialSpdy } from './spdy/dial.ts';
import { SpdySession, type SpdyStream } from './spdy/session.ts';
import { type ChannelProtocol, Channels } from './websocket.ts';

export interface BridgeOptions {
  /** Takes the client's WebSocket. */
  readonly accept: () => Promise<WebSocket>;
  /** What the client speaks. */
  readonly protocol: ChannelProtocol;
  /** Where the runtime has its streams, and what is spoken there. */
  readonly url: string;
  readonly runtimeProtocol: string;
  /** Ends both sides. */
  readonly signal: AbortSignal;
}

/** A connection to the runtime, and then to the client: what the runtime refuses can still be told in HTTP. */
export async function connectBoth({
  accept,
  url,
  runtimeProtocol,
  signal,
}: Omit<BridgeOptions, 'protocol'>): Promise<{ socket: Socket; head: Buffer; client: WebSocket }> {
  const { socket, head } = await dialSpdy(url, runtimeProtocol, signal);
  try {
    return { socket, head, client: await accept() };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** A client's channels over a WebSocket, and the runtime's streams over SPDY. */
export class Bridge {
  readonly session: SpdySession;
  readonly channels: Channels;
  /** Where what arrives on a channel goes to; a stream's end is its user's business, a channel's the bridge's. */
  readonly streams = new Map<number, SpdyStream>();
  readonly #signal: AbortSignal;

  static async open(options: BridgeOptions): Promise<Bridge> {
    const { socket, head, client } = await connectBoth(options);
    return new Bridge(new SpdySession(socket, head), client, options);
  }

  private constructor(session: SpdySession, client: WebSocket, { protocol, signal }: BridgeOptions) {
    this.session = session;
    this.#signal = signal;
    this.channels = new Channels(
      client,
      protocol,
      {
        data: (channel, data) => {
          if (this.streams.get(channel)?.write(data) !== false) return;
          this.channels.pause();
          session.onceDrained(() => this.channels.resume());
        },
        close: (channel) => this.streams.get(channel)?.end(),
      },
      session,
    );
    signal.addEventListener('abort', this.hangUp, { once: true });
  }

  /** Cuts both sides off. */
  readonly hangUp = (): void => {
    this.session.destroy();
    this.channels.terminate();
  };

  /** Ends both sides after what is under way. */
  end(): void {
    this.session.end();
    this.channels.close();
  }

  /** Resolves when both sides are closed; the runtime's goes with the client's. */
  async closed(): Promise<void> {
    this.channels.closed.then(() => this.session.destroy());
    await Promise.all([this.session.closed, this.channels.closed]);
    this.#signal.removeEventListener('abort', this.hangUp);
  }
}
