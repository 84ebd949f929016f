import { errors } from '../../api/errors.ts';
import type { Request } from './request.ts';

/** Behind the router, which knows methods; the others take any. */
const readOnly =
  /^\/(?:api|api\/v1|apis\/[^/]+\/[^/]+|version|openid\/v1\/jwks|\.well-known\/openid-configuration)\/?$/;
/** Others are not the same with a slash after them. */
const sameWithSlash = /^\/(?:api|apis|version|openid\/v1\/jwks|\.well-known\/openid-configuration)\/$/;

/** Serves a path that is no resource; has been authorized. */
export type PathHandler = (request: Request) => void | Promise<void>;

/** Handlers by path, and by prefix for those that end in a slash. */
export class PathRouter {
  readonly #exact = new Map<string, PathHandler>();
  readonly #prefixes: { readonly prefix: string; readonly handler: PathHandler }[] = [];
  readonly #listed = new Set<string>();

  /** `path` with a trailing slash takes everything below it. Listed ones show up in the answer to `/`. */
  add(path: string, handler: PathHandler, listed = true): void {
    if (path.endsWith('/') && path !== '/') {
      this.#prefixes.push({ prefix: path, handler });
      this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
    } else {
      this.#exact.set(path, handler);
    }
    if (listed) this.#listed.add(path);
  }

  get listed(): readonly string[] {
    return [...this.#listed];
  }

  async serve(request: Request): Promise<void> {
    const { path } = request.info;
    const trimmed = sameWithSlash.test(path) ? path.slice(0, -1) : path;
    const handler =
      this.#exact.get(path) ??
      this.#exact.get(trimmed) ??
      this.#prefixes.find((entry) => path.startsWith(entry.prefix))?.handler;
    if (handler && readOnly.test(path) && request.exchange.method !== 'GET') throw errors.methodNotAllowed();
    if (handler) await handler(request);
    else request.notFound();
  }
}
