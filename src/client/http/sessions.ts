import http2 from 'node:http2';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { ClientConfig } from './config.ts';

/** Watches hold their streams open, so a session is left alone well before the usual limit of 250 streams. */
const STREAMS = 200;
/** After so long without a sign of life the server is pinged, and given up when it does not answer (client-go's numbers). */
const IDLE_MS = 30_000;
const PING_MS = 15_000;
const CONNECT_MS = 30_000;

interface Session {
  readonly http2: http2.ClientHttp2Session;
  streams: number;
  usable: boolean;
  /** What it was made with: `config` may have new ones since. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
}

/**
 * Connections to one server: one as a rule, more when very many watches are open, a new one when one breaks, and when
 * the configuration has other certificates than before (streams that are open end where they are).
 */
export class Sessions {
  readonly #config: ClientConfig;
  readonly #clock: Clock;
  readonly #all = new Set<Session>();
  #closed = false;

  constructor(config: ClientConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Opens a stream. Throws when the connection cannot be made; the stream's 'error' tells of later failures. */
  async request(headers: http2.OutgoingHttpHeaders, endStream: boolean): Promise<http2.ClientHttp2Stream> {
    const session = this.#find() ?? (await this.#connect());
    const stream = session.http2.request(headers, { endStream });
    session.streams++;
    stream.once('close', () => {
      session.streams--;
      if (!session.usable && session.streams === 0) session.http2.close();
      this.#rest(session);
    });
    session.http2.ref();
    return stream;
  }

  close(): void {
    this.#closed = true;
    for (const session of this.#all) session.http2.destroy();
  }

  #find(): Session | undefined {
    const { ca, cert } = this.#config;
    for (const session of this.#all) {
      if (session.ca !== ca || session.cert !== cert) this.#retire(session);
      if (session.usable && session.streams < STREAMS) return session;
    }
    return undefined;
  }

  #retire(session: Session): void {
    if (!session.usable) return;
    session.usable = false;
    if (session.streams === 0) session.http2.close();
  }

  /** An idle connection does not keep the process alive. */
  #rest(session: Session): void {
    if (session.streams === 0 && !session.http2.destroyed) session.http2.unref();
  }

  #pending: Promise<Session> | undefined;

  #connect(): Promise<Session> {
    this.#pending ??= this.#open().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  #open(): Promise<Session> {
    if (this.#closed) return Promise.reject(new Error('the client is closed'));
    const { server, ca, cert, key, serverName, insecureSkipTlsVerify } = this.#config;
    const connection = http2.connect(server, {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(serverName && { servername: serverName }),
      ...(insecureSkipTlsVerify && { rejectUnauthorized: false }),
    });
    // The default window of 64 kB would have every large list wait for round trips.
    connection.once('connect', () => connection.setLocalWindowSize(16 * 1024 * 1024));
    const session: Session = { http2: connection, streams: 0, usable: true, ca, cert };
    return new Promise((resolve, reject) => {
      const timeout = this.#clock.after(CONNECT_MS, () => connection.destroy(new Error(`no answer from ${server}`)));
      let stopPinging = () => {};
      connection.once('connect', () => {
        timeout.stop();
        this.#all.add(session);
        stopPinging = this.#keepAlive(connection);
        resolve(session);
      });
      connection.on('error', (error) => {
        timeout.stop();
        reject(error);
      });
      connection.once('goaway', () => this.#retire(session));
      connection.once('close', () => {
        timeout.stop();
        stopPinging();
        session.usable = false;
        this.#all.delete(session);
        reject(new Error(`the connection to ${server} was closed`));
      });
    });
  }

  #keepAlive(connection: http2.ClientHttp2Session): () => void {
    let timer: Timer;
    const arm = () => {
      timer = this.#clock.after(IDLE_MS, () => {
        const deadline = this.#clock.after(PING_MS, () => connection.destroy(new Error('the server does not answer')));
        timer = deadline;
        const sent = connection.ping((error) => {
          deadline.stop();
          if (!error && !connection.destroyed) arm();
        });
        if (!sent) deadline.stop();
      });
    };
    arm();
    return () => timer.stop();
  }
}
