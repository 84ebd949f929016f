import type { IncomingHttpHeaders } from 'node:http';
import { hopByHop } from '../exchange.ts';
import { originForm } from '../origin-form.ts';

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly tooLarge: boolean;
}

/** Of these one value counts, and repeating them is asking for trouble. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'if-none-match',
  'user-agent',
]);

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const control = /[\0\r\n]/;

/** Takes the fields of a request's header block and judges them: RFC 9113, section 8. */
export class HeaderBlock {
  readonly #limit: number;
  #size = 0;
  #method: string | undefined;
  #path: string | undefined;
  #scheme: string | undefined;
  #authority: string | undefined;
  #malformed = false;
  #regular = false;
  readonly #headers: IncomingHttpHeaders = Object.create(null);

  constructor(limit: number) {
    this.#limit = limit;
  }

  readonly field = (name: string, value: string): void => {
    this.#size += name.length + value.length + 32;
    if (this.#size > this.#limit) return;
    if (control.test(value)) this.#malformed = true;
    else if (name.startsWith(':')) this.#pseudo(name, value);
    else this.#header(name, value);
  };

  #pseudo(name: string, value: string): void {
    if (this.#regular) this.#malformed = true;
    switch (name) {
      case ':method':
        if (this.#method !== undefined) this.#malformed = true;
        this.#method = value;
        break;
      case ':path':
        if (this.#path !== undefined) this.#malformed = true;
        this.#path = value;
        break;
      case ':scheme':
        if (this.#scheme !== undefined) this.#malformed = true;
        this.#scheme = value;
        break;
      case ':authority':
        if (this.#authority !== undefined) this.#malformed = true;
        this.#authority = value;
        break;
      default:
        this.#malformed = true;
    }
  }

  #header(name: string, value: string): void {
    this.#regular = true;
    const headers = this.#headers;
    const before = headers[name];
    if (before === undefined) {
      if (!token.test(name)) this.#malformed = true;
      else if (hopByHop.has(name) && !(name === 'te' && value === 'trailers')) this.#malformed = true;
      else headers[name] = value;
    } else if (single.has(name)) {
      if (name === 'content-length' && value !== before) this.#malformed = true;
    } else if (name.startsWith('impersonate-') || name.startsWith('x-remote-')) {
      // Their values may hold commas.
      headers[name] = typeof before === 'string' ? [before, value] : [...before, value];
    } else {
      headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
    }
  }

  /** Undefined when the request is malformed. */
  finish(): RequestHead | undefined {
    if (this.#size > this.#limit)
      return { method: this.#method ?? 'GET', path: this.#path ?? '/', headers: this.#headers, tooLarge: true };
    const target = this.#path;
    if (this.#malformed || !this.#method || !this.#scheme || !target) return undefined;
    const path = originForm(target);
    if (path === undefined) return undefined;
    if (this.#authority !== undefined) this.#headers.host ??= this.#authority;
    return { method: this.#method, path, headers: this.#headers, tooLarge: false };
  }
}
