/** For tests: a runtime's streaming server, which speaks SPDY/3.1 as containerd does. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { constants, createInflate } from 'node:zlib';
import { dataHeader, FLAG_FIN, FrameParser, FrameType, HeaderWriter, ping } from './spdy/frames.ts';

/** The dictionary of SPDY/3: names and values of headers, the ones with a length in front first. */
const lengthPrefixed =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin';
const plain =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

export const dictionary = Buffer.concat([
  ...lengthPrefixed.split(' ').map((word) => {
    const text = Buffer.from(word.replace('_', ' '));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, text]);
  }),
  Buffer.from(plain),
]);

export interface FakeStream {
  readonly id: number;
  readonly headers: Readonly<Record<string, string>>;
  write(data: Uint8Array | string): void;
  end(): void;
  onData: (chunk: Buffer) => void;
  onEnd: () => void;
}

export interface FakeSession {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly socket: Socket;
  readonly streams: readonly FakeStream[];
  /** The stream of that `streamtype`. */
  stream(type: string): FakeStream;
  ping(): void;
  onStream: (stream: FakeStream) => void;
  readonly pongs: number;
}

export interface FakeRuntime {
  readonly url: string;
  /** Every connection that is open now. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** `serve` is called when a client has upgraded; answering with a text refuses it instead. */
export async function fakeRuntime(
  serve: (session: FakeSession) => void,
  refuse: (request: IncomingMessage) => string | undefined = () => undefined,
): Promise<FakeRuntime> {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(400).end('not an upgrade'));
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.once('end', () => socket.destroy());
    const no = refuse(request);
    if (no !== undefined) {
      socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${no.length}\r\nConnection: close\r\n\r\n${no}`);
      return;
    }
    const protocols = request.headersDistinct['x-stream-protocol-version'] ?? [];
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocols[0]}\r\n\r\n`,
    );
    serve(spdyServer(request.url ?? '', protocols, socket, head));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function spdyServer(url: string, protocols: readonly string[], socket: Socket, head: Buffer): FakeSession {
  const streams: FakeStream[] = [];
  const headers = new HeaderWriter();
  const inflate = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  let pongs = 0;
  // Headers are taken apart asynchronously; what comes after them waits.
  let queue = Promise.resolve();
  const inOrder = (run: () => void | Promise<void>) => {
    queue = queue.then(run);
  };
  const session: FakeSession = {
    url,
    protocols,
    socket,
    streams,
    stream(type) {
      const found = streams.find((s) => s.headers.streamtype === type);
      if (!found) throw new Error(`no stream ${type}`);
      return found;
    },
    ping: () => void socket.write(ping(2)),
    onStream: () => {},
    get pongs() {
      return pongs;
    },
  };
  const parser = new FrameParser({
    data: (id, chunk, fin) => {
      const copy = Buffer.from(chunk);
      inOrder(() => {
        const stream = streams.find((s) => s.id === id);
        if (copy.length) stream?.onData(copy);
        if (fin) stream?.onEnd();
      });
    },
    control: (type, _flags, payload) => {
      if (type === FrameType.ping) pongs++;
      if (type !== FrameType.synStream) return;
      const id = payload.readUInt32BE(0);
      const block = Buffer.from(payload.subarray(10));
      inOrder(async () => {
        const stream = newStream(id, parseHeaders(await inflated(block)));
        streams.push(stream);
        if (!socket.destroyed) socket.write(headers.synReply(id, {}));
        session.onStream(stream);
      });
    },
  });
  const newStream = (id: number, of: Record<string, string>): FakeStream => ({
    id,
    headers: of,
    write: (data) => {
      const bytes = Buffer.from(data);
      if (socket.destroyed) return;
      socket.write(dataHeader(id, 0, bytes.length));
      socket.write(bytes);
    },
    end: () => void (socket.destroyed || socket.write(dataHeader(id, FLAG_FIN, 0))),
    onData: () => {},
    onEnd: () => {},
  });
  const inflated = (block: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      const parts: Buffer[] = [];
      const collect = (part: Buffer) => parts.push(part);
      inflate.on('data', collect);
      inflate.once('error', reject);
      inflate.write(block, () => {
        // What the block holds has been given out when the next turn begins.
        setImmediate(() => {
          inflate.off('data', collect);
          inflate.off('error', reject);
          resolve(Buffer.concat(parts));
        });
      });
    });
  if (head.length) parser.push(head);
  socket.on('data', (chunk) => parser.push(chunk));
  return session;
}

function parseHeaders(block: Buffer): Record<string, string> {
  const out: Record<string, string> = {};
  let at = 4;
  const text = () => {
    const length = block.readUInt32BE(at);
    at += 4 + length;
    return block.toString('utf8', at - length, at);
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text();
    out[name] = text();
  }
  return out;
}
