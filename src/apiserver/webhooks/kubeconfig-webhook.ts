/** Calls of a webhook that a kubeconfig names: those of authentication, authorization and audit. */
import { Agent as HttpAgent, type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../../utils/clock.ts';
import type { HttpAnswer } from './client.ts';
import type { KubeconfigTarget } from './kubeconfig.ts';
import { plainHttp, transportProblem } from './transport-problem.ts';
import { readAnswer, WebhookCallError } from './webhook-answer.ts';

/** A call that failed. */
export class WebhookFailure extends WebhookCallError {
  override name = 'WebhookFailure';
  readonly result: 'canceled' | 'timeout' | 'error';
  /** It may go better in a moment: the connection broke, or the other side said so. */
  readonly passing: boolean;

  constructor(message: string, result: WebhookFailure['result'], passing: boolean, code = 503) {
    super(message, code);
    this.result = result;
    this.passing = passing;
  }
}

export interface KubeconfigWebhookOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Kubernetes tries so often, and waits so long (ms) before the second time; then half as long again, a fifth more or less. */
const ATTEMPTS = 5;
const FIRST_WAIT = 500;
const FACTOR = 1.5;
const JITTER = 0.2;

const MAX_BYTES = 10 * 1024 * 1024;
const MAX_SOCKETS = 512;
const IDLE_MS = 90_000;

/** Posts JSON to the one address of a kubeconfig, over connections that are kept. */
export class KubeconfigWebhook {
  readonly #options: RequestOptions;
  readonly #send: typeof tlsRequest;
  readonly #agent: HttpAgent;
  readonly #target: KubeconfigTarget;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** As messages name it. */
  readonly #address: string;

  constructor(target: KubeconfigTarget, { clock, timeoutMs }: KubeconfigWebhookOptions) {
    const { url, serverName } = target;
    this.#target = target;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    const tls = url.protocol === 'https:';
    const keep = { keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo', timeout: IDLE_MS } as const;
    this.#agent = tls ? new HttpsAgent(keep) : new HttpAgent(keep);
    this.#send = tls ? tlsRequest : plainRequest;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const name = serverName ?? (isIP(host) === 0 ? host : undefined);
    const path = `${url.pathname.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '')}?timeout=${goDuration(timeoutMs)}`;
    const secure = {
      ...(target.ca !== undefined && { ca: target.ca }),
      ...(target.cert !== undefined && { cert: target.cert, key: target.key }),
      ...(name !== undefined && { servername: name }),
      ...(target.insecureSkipTlsVerify && { rejectUnauthorized: false }),
      // As for Go, whatever is in the bundle is trusted: a server's own certificate, too.
      allowPartialTrustChain: true,
    };
    this.#address = `${url.protocol}//${url.host}${path}`;
    this.#options = {
      method: 'POST',
      host,
      port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
      path,
      agent: this.#agent,
      ...(tls && secure),
    };
  }

  /** One call: the JSON of the answer. Rejects with WebhookFailure, in the words of Go's client. */
  async call(body: Buffer, signal?: AbortSignal): Promise<unknown> {
    const failed = (why: string, result: WebhookFailure['result'], passing: boolean) =>
      new WebhookFailure(`Post ${JSON.stringify(this.#address)}: ${why}`, result, passing);
    const deadline = new AbortController();
    const timer = this.#clock.after(this.#timeoutMs, () => deadline.abort());
    const either = signal ? AbortSignal.any([deadline.signal, signal]) : deadline.signal;
    let answer: HttpAnswer;
    try {
      answer = await this.#post(body, either);
    } catch (error) {
      if (error instanceof WebhookFailure) throw error;
      if (signal?.aborted) throw failed('context canceled', 'canceled', false);
      if (deadline.signal.aborted) throw failed('context deadline exceeded', 'timeout', false);
      const reset = (error as NodeJS.ErrnoException).code === 'ECONNRESET' && !/hang up/.test(String(error));
      throw failed(plainHttp(error) ?? transportProblem(error, this.#options), 'error', reset);
    } finally {
      timer.stop();
    }
    try {
      return readAnswer(answer);
    } catch (error) {
      if (!(error instanceof WebhookCallError)) throw error;
      const { status, headers } = answer;
      const passing = status === 500 || status === 504 || status === 429 || headers['retry-after'] !== undefined;
      throw new WebhookFailure(error.message, status === 504 ? 'timeout' : 'error', passing, status);
    }
  }

  /** Calls until there is an answer or it is clear that there will be none; `attempted` is told of every call. */
  async persist(
    body: Buffer,
    random: () => number,
    attempted: (result: 'success' | WebhookFailure['result'], seconds: number) => void,
    signal?: AbortSignal,
  ): Promise<unknown> {
    let wait = FIRST_WAIT;
    for (let attempt = 1; ; attempt++) {
      const began = this.#clock.now();
      try {
        const answer = await this.call(body, signal);
        attempted('success', (this.#clock.now() - began) / 1000);
        return answer;
      } catch (error) {
        if (!(error instanceof WebhookFailure)) throw error;
        attempted(error.result, (this.#clock.now() - began) / 1000);
        if (!error.passing || attempt === ATTEMPTS || signal?.aborted) throw error;
      }
      await this.#clock.sleep(wait * (1 + JITTER * random()), signal);
      wait *= FACTOR;
    }
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  #post(body: Buffer, signal: AbortSignal): Promise<HttpAnswer> {
    return new Promise((done, reject) => {
      const authorization = this.#target.authorization();
      const headers = {
        'content-type': 'application/json',
        'content-length': body.length,
        accept: 'application/json, */*',
        'user-agent': 'kube-apiserver',
        ...(authorization !== '' && { authorization }),
      };
      const sent = this.#send({ ...this.#options, headers, signal }, (answer) => {
        collect(answer).then(done, (error: unknown) => {
          sent.destroy();
          reject(error);
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

async function collect(answer: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    // Without an encoding, streams of HTTP give buffers.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BYTES) throw new WebhookFailure(`the answer is longer than ${MAX_BYTES} bytes`, 'error', false);
    chunks.push(bytes);
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

/** Milliseconds as Go writes them: "30s", "1m30s", "500ms". */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
