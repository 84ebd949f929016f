import { errors } from '../../api/errors.ts';
import type { AuthorizerAttributes } from '../admission.ts';
import type { AuditRecord } from '../audit/record.ts';
import { type AuditAnnotations, NotedAnnotations } from '../audit-annotations.ts';
import type { RequestContext } from '../core.ts';
import type { UserInfo } from '../user.ts';
import { respondNoSuchPath } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';
import { Warnings } from './warnings.ts';

/** A request on its way to a handler: who asks for what. Also the core's context, so that nothing is copied. */
export class Request implements RequestContext {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly query: URLSearchParams | undefined;
  readonly user: UserInfo;
  readonly userAgent: string;
  /** Of a request that the audit policy wants recorded. */
  readonly observer: AuditRecord | undefined;
  /** The resource, and its subresource, are ones that the server has. */
  known = false;
  /** The path is one below a group that the server has. */
  inGroup = false;
  #warnings: Warnings | undefined;
  #collected: NotedAnnotations | undefined;

  constructor(
    exchange: Exchange,
    info: RequestInfo,
    query: URLSearchParams | undefined,
    user: UserInfo,
    observer?: AuditRecord,
  ) {
    this.exchange = exchange;
    this.info = info;
    this.query = query;
    this.user = user;
    this.observer = observer;
    this.userAgent = utf8(exchange.headers['user-agent'] ?? '');
  }

  get signal(): AbortSignal {
    return this.exchange.signal;
  }

  get warnings(): readonly string[] {
    return this.#warnings?.messages ?? [];
  }

  warn(message: string): void {
    this.#warnings ??= new Warnings();
    this.#warnings.add(message);
  }

  /** Where nothing is recorded, what is noted is for the log of refused requests. */
  get audit(): AuditAnnotations {
    if (this.observer) return this.observer;
    this.#collected ??= new NotedAnnotations();
    return this.#collected;
  }

  /** What policies and webhooks noted, of a request that is not recorded. */
  get noted(): Readonly<Record<string, string>> {
    return this.#collected?.at('Metadata') ?? {};
  }

  /** 404: below a group in the router's words, elsewhere in the mux'. */
  notFound(): void {
    if (this.inGroup) throw errors.notFoundPath();
    respondNoSuchPath(this.exchange);
  }

  attributes(verb = this.info.verb): AuthorizerAttributes {
    const { info } = this;
    return {
      user: this.user,
      verb,
      group: info.group,
      version: info.version,
      resource: info.resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      path: info.path,
    };
  }
}

/** Headers come as one character a byte. */
const utf8 = (header: string): string =>
  /[\x80-\xff]/.test(header) ? Buffer.from(header, 'latin1').toString() : header;
