import type { IncomingHttpHeaders } from 'node:http';
import { Agent, get } from 'node:https';
import { transportProblem } from '../../webhooks/transport-problem.ts';

export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Of one answer; documents and key sets have a few thousand. Bytes. */
const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 10;

/** Gets documents over HTTPS from servers of one authority. */
export class HttpsClient {
  readonly #agent: Agent;

  /** `ca`: PEM; absent: those that the system trusts. */
  constructor(ca: string | undefined) {
    this.#agent = new Agent({ keepAlive: false, allowPartialTrustChain: true, ...(ca !== undefined && { ca }) });
  }

  /** Rejects in the words of Go's client. Follows redirects, to HTTPS only, and never with the token. */
  async get(url: string, token?: string): Promise<Fetched> {
    let to = url;
    for (let i = 0; i <= MAX_REDIRECTS; i++) {
      const answer = await this.#once(to, i === 0 ? token : undefined);
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer;
      to = new URL(location, to).href;
    }
    throw new Error(`Get ${JSON.stringify(url)}: stopped after ${MAX_REDIRECTS} redirects`);
  }

  #once(url: string, token: string | undefined): Promise<Fetched> {
    return new Promise((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`Get ${JSON.stringify(url)}: ${why}`));
      if (!url.startsWith('https://') || !URL.canParse(url)) {
        failed('unsupported protocol scheme');
        return;
      }
      const { hostname, port } = new URL(url);
      const headers = { 'user-agent': 'kube-apiserver', ...(token && { authorization: `Bearer ${token}` }) };
      const sent = get(url, { agent: this.#agent, headers, signal: AbortSignal.timeout(TIMEOUT_MS) }, (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BYTES) sent.destroy(new Error(`the answer is longer than ${MAX_BYTES} bytes`));
          else chunks.push(chunk);
        });
        answer.on('error', (error) => failed(error.message));
        answer.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
        });
      });
      sent.on('error', (error) => {
        const late = error.name === 'TimeoutError' || error.name === 'AbortError';
        failed(
          late ? 'context deadline exceeded' : transportProblem(error, { host: hostname, port, servername: hostname }),
        );
      });
    });
  }
}
