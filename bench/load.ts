import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOKEN } from './server.ts';

let token = TOKEN;

/** From here on all requests carry this bearer token. */
export function useToken(other: string): void {
  token = other;
}

/**
 * Sends a request so many times with h2load and tells how many a second were answered. Any answer but 2xx fails.
 * `inFlight` requests are under way at any time, over up to four connections.
 */
export async function load(url: string, count: number, inFlight: number, body?: object): Promise<number> {
  return count / (await secondsOf(url, count, inFlight, Math.min(4, inFlight), body));
}

/**
 * The same with bodies that differ, in equal parts: one h2load for each, side by side with a connection of its own,
 * since h2load knows only one body.
 */
export async function loadEach(
  url: string,
  count: number,
  inFlight: number,
  bodies: readonly object[],
): Promise<number> {
  const share = (n: number, i: number) =>
    Math.floor((n * (i + 1)) / bodies.length) - Math.floor((n * i) / bodies.length);
  const start = performance.now();
  await Promise.all(bodies.map((body, i) => secondsOf(url, share(count, i), share(inFlight, i), 1, body)));
  return (count * 1000) / (performance.now() - start);
}

async function secondsOf(
  url: string,
  count: number,
  inFlight: number,
  connections: number,
  body: object | undefined,
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-bench-'));
  const args = ['-n', String(count), '-c', String(connections), '-m', String(inFlight / connections)];
  args.push('-H', `authorization: Bearer ${token}`, '-w', '24', '-W', '24');
  try {
    if (body) {
      const file = join(directory, 'body.json');
      writeFileSync(file, JSON.stringify(body));
      args.push('-d', file, '-H', 'content-type: application/json');
    }
    const output = await run('h2load', [...args, url]);
    const rate = Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(output)?.[1]);
    const good = Number(/status codes: (\d+) 2xx/.exec(output)?.[1]);
    if (good !== count || !Number.isFinite(rate))
      throw new Error(`h2load ${url}: ${good} of ${count} were 2xx\n${output}`);
    return count / rate;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 2 ** 24 }, (error, stdout) => {
      if (!error) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error(`${command} is missing; it is in Debian's nghttp2-client`));
      else reject(error);
    });
  });
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A plain HTTP/2 client: one connection, answers as they come. */
export class Client {
  readonly #session: ClientHttp2Session;

  constructor(url: string) {
    const settings = { initialWindowSize: 2 ** 24 };
    this.#session = connect(url, { rejectUnauthorized: false, settings });
    this.#session.on('connect', () => this.#session.setLocalWindowSize(2 ** 26));
    // Requests under way report the loss of the connection themselves.
    this.#session.on('error', () => {});
  }

  request(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const stream = this.#open(method, path, body, headers);
      let status = 0;
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }));
      stream.on('error', reject);
    });
  }

  /** Follows an answer that does not end; resolves when its headers are there. */
  follow(path: string, data: (chunk: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#open('GET', path);
      stream.on('response', (headers) => {
        if (headers[':status'] === 200) resolve();
        else reject(new Error(`GET ${path}: ${headers[':status']}`));
      });
      stream.on('data', data);
      stream.on('error', reject);
    });
  }

  close(): void {
    this.#session.destroy();
  }

  #open(method: string, path: string, body?: object, more: Readonly<Record<string, string>> = {}) {
    const headers = { ':method': method, ':path': path, authorization: `Bearer ${token}`, ...more };
    const stream = this.#session.request(body ? { 'content-type': 'application/json', ...headers } : headers);
    stream.end(body && JSON.stringify(body));
    return stream;
  }
}

/** Creates objects with so many requests under way. */
export async function createAll(
  client: Client,
  path: string,
  count: number,
  inFlight: number,
  make: (i: number) => object,
) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const { status, body } = await client.request('POST', path, make(next++));
      if (status !== 201) throw new Error(`POST ${path}: ${status} ${body.toString().slice(0, 500)}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
