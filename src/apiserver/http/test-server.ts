import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { WebSocket } from 'ws';
import { silent } from '../../utils/log.ts';
import { createCertificate, generateKey, privateKeyPem } from '../../utils/x509.ts';
import type { Authorizer } from '../admission.ts';
import type { UserInfo } from '../user.ts';
import { FakeCore } from './fake-core.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let certificate: { cert: string; key: string } | undefined;

/** A certificate for 127.0.0.1 that is its own authority, made once a run. */
export function testCertificate(): { cert: string; key: string } {
  if (!certificate) {
    const { publicKey, privateKey } = generateKey();
    const cert = createCertificate({
      subject: { commonName: 'test', organizations: [] },
      publicKey,
      signingKey: privateKey,
      notBefore: Date.now() - 3_600_000,
      notAfter: Date.now() + 3_600_000,
      isCa: true,
      usages: ['digital signature', 'cert sign'],
      names: { ips: ['127.0.0.1'] },
    });
    certificate = { cert, key: privateKeyPem(privateKey) };
  }
  return certificate;
}

export const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
export const everybody: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) };

/** The front over a fake core on a port of its own, and clients for it. */
export class TestServer {
  readonly core: FakeCore;
  readonly server: HttpServer;
  readonly port: number;
  readonly #ca: string;
  readonly #agent: Agent;
  readonly #sessions: ClientHttp2Session[] = [];

  private constructor(core: FakeCore, server: HttpServer, port: number, ca: string) {
    this.core = core;
    this.server = server;
    this.port = port;
    this.#ca = ca;
    this.#agent = new Agent({ keepAlive: true, ca });
  }

  static async start(options: Partial<HttpServerOptions> = {}): Promise<TestServer> {
    const core = new FakeCore();
    const tls = testCertificate();
    const server = createHttpServer({
      core,
      authenticate: () => admin,
      authorizer: everybody,
      tls: { ...tls, ca: tls.cert },
      log: silent,
      ...options,
    });
    return new TestServer(core, server, await server.listen(0, '127.0.0.1'), tls.cert);
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.#agent.destroy();
    await this.server.close();
  }

  http1(method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // Node leaves the length out for a DELETE with a body.
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const options = {
        host: '127.0.0.1',
        port: this.port,
        method,
        path,
        headers: { ...headers, ...length },
        agent: this.#agent,
      };
      const request = httpsRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  webSocket(path: string, protocols: string[] = []): WebSocket {
    return new WebSocket(`wss://127.0.0.1:${this.port}${path}`, protocols, { ca: this.#ca });
  }

  session(settings = {}): ClientHttp2Session {
    const session = connectHttp2(`https://127.0.0.1:${this.port}`, { ca: this.#ca, settings });
    session.on('error', () => {});
    this.#sessions.push(session);
    return session;
  }

  async http2(
    method: string,
    path: string,
    headers: Record<string, string | string[]> = {},
    body?: string | Buffer,
  ): Promise<Answer> {
    const session = this.session();
    try {
      return await ask(session, method, path, headers, body);
    } finally {
      session.close();
    }
  }
}

export function ask(
  session: ClientHttp2Session,
  method: string,
  path: string,
  headers: Record<string, string | string[]> = {},
  body?: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined });
    let answered: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (got) => {
      answered = got;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () =>
      resolve({ status: Number(answered[':status'] ?? 0), headers: answered, body: Buffer.concat(chunks) }),
    );
    if (body !== undefined) stream.end(body);
  });
}

export const json = (answer: Answer): Record<string, unknown> => JSON.parse(answer.body.toString());
