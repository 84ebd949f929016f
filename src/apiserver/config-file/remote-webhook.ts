import { Agent as HttpAgent } from 'node:http';
import { Agent, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { formatDuration } from '../../schema/duration.ts';
import type { Clock } from '../../utils/clock.ts';
import { type HttpAnswer, posted } from '../webhooks/client.ts';
import { plainHttp, transportProblem } from '../webhooks/transport-problem.ts';
import { readAnswer, WebhookCallError } from '../webhooks/webhook-answer.ts';
import type { WebhookKubeconfig } from './kubeconfig.ts';

export interface RemoteWebhookOptions {
  readonly clock: Clock;
  /** In [0, 1): spreads retries. */
  readonly random: () => number;
  /** Of one call, with all its attempts. Milliseconds. */
  readonly timeoutMs: number;
  /** Of the first retry; default 500, kube-apiserver's. Each waits half as long again, up to four of them. Milliseconds. */
  readonly retryMs?: number;
  /** Hears of each attempt: the status of its answer, or "<error>" where there was none, and its time in seconds. */
  readonly observe?: (code: string, seconds: number) => void;
}

const ATTEMPTS = 5;
const FACTOR = 1.5;
const JITTER = 0.2;
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_SOCKETS = 128;
const IDLE_MS = 90_000;

/** A webhook that a kubeconfig names: reviews are posted to it as JSON, over connections that are kept. */
export class RemoteWebhook {
  readonly #config: WebhookKubeconfig;
  readonly #options: RemoteWebhookOptions;
  readonly #where: RequestOptions;
  readonly #agent: Agent;
  /** As messages name it. */
  readonly #address: string;

  constructor(config: WebhookKubeconfig, options: RemoteWebhookOptions) {
    this.#config = config;
    this.#options = options;
    const { hostname, host: authority, port, pathname, protocol } = new URL(config.server);
    if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`no URL of http or https: ${config.server}`);
    const host = hostname.replace(/^\[|\]$/g, '');
    this.#agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo', timeout: IDLE_MS });
    const servername = config.serverName ?? (isIP(host) === 0 ? host : undefined);
    // As client-go asks: the server hears how long it is waited for.
    const path = `${pathname.replace(/(?<=.)\/$/, '')}?timeout=${formatDuration(BigInt(Math.round(options.timeoutMs * 1e6)))}`;
    this.#address = `${protocol}//${authority}${path}`;
    this.#where = {
      method: 'POST',
      host,
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      path,
      agent: protocol === 'https:' ? this.#agent : new HttpAgent(),
      ...(protocol === 'http:' && { protocol }),
      allowPartialTrustChain: true,
      ...(servername !== undefined && { servername }),
      ...(config.ca !== undefined && { ca: config.ca }),
      ...(config.cert !== undefined && { cert: config.cert, key: config.key }),
      ...(config.insecureSkipTlsVerify && { rejectUnauthorized: false }),
    };
  }

  /**
   * Posts an object and resolves with the JSON of the answer. What may pass (500, 504, 429, a Retry-After, a connection
   * that was reset) is tried again. Rejects with WebhookCallError, in the words of Go's client.
   */
  post(body: object): Promise<unknown> {
    return this.#attempts(Buffer.from(JSON.stringify(body)), readAnswer, mayPass);
  }

  /** Posts JSON of which nothing but the status of the answer counts; tried again whatever went wrong. */
  async send(json: string): Promise<void> {
    await this.#attempts(Buffer.from(json), (answer) => answer.status >= 300 && readAnswer(answer), always);
  }

  async #attempts(bytes: Buffer, read: Read, again: (answer?: HttpAnswer) => boolean): Promise<unknown> {
    const { clock, random, timeoutMs, retryMs = 500 } = this.#options;
    const deadline = new AbortController();
    const timer = clock.after(timeoutMs, () => deadline.abort());
    try {
      let wait = retryMs;
      for (let attempt = 1; ; attempt++) {
        const tried = await this.#try(bytes, deadline.signal, read, again);
        if ('value' in tried) return tried.value;
        if (!tried.again || attempt === ATTEMPTS || deadline.signal.aborted) throw tried.error;
        await clock.sleep(wait * (1 + random() * JITTER), deadline.signal);
        wait *= FACTOR;
      }
    } finally {
      timer.stop();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #try(
    bytes: Buffer,
    signal: AbortSignal,
    read: Read,
    again: (answer?: HttpAnswer) => boolean,
  ): Promise<{ readonly value: unknown } | { readonly error: WebhookCallError; readonly again: boolean }> {
    const began = performance.now();
    const observe = (code: string) => this.#options.observe?.(code, (performance.now() - began) / 1000);
    const authorization = this.#config.authorization?.();
    let answer: HttpAnswer;
    try {
      const headers = authorization === undefined ? {} : { authorization };
      answer = await posted({ ...this.#where, headers, signal }, bytes, MAX_BYTES);
    } catch (error) {
      observe('<error>');
      if (error instanceof WebhookCallError) return { error, again: false };
      const why = signal.aborted
        ? 'context deadline exceeded'
        : (plainHttp(error) ?? transportProblem(error, this.#where));
      return {
        error: new WebhookCallError(`Post ${JSON.stringify(this.#address)}: ${why}`),
        again: (error as NodeJS.ErrnoException).code === 'ECONNRESET' || again(),
      };
    }
    observe(String(answer.status));
    try {
      return { value: read(answer) };
    } catch (error) {
      if (!(error instanceof WebhookCallError)) throw error;
      return { error, again: again(answer) };
    }
  }
}

type Read = (answer: HttpAnswer) => unknown;

const always = (): boolean => true;

const mayPass = (answer?: HttpAnswer): boolean => {
  const { status = 0, headers } = answer ?? {};
  return (
    status === 500 || status === 504 || status === 429 || (status >= 400 && headers?.['retry-after'] !== undefined)
  );
};
