import type { ResourceTable } from '../core.ts';
import { type Document, OpenApiDocuments } from '../openapi/documents.ts';
import { acceptsGzip, commonHeaders, respondGzip } from './answer.ts';
import type { PathRouter } from './paths.ts';
import type { Request } from './request.ts';

const INDEX = '/openapi/v3';
/** A document under its own hash never changes. */
const FOREVER = 'public, immutable, max-age=31536000';

/** /openapi/v2, /openapi/v3 and the group-versions below it, with ETag and the hash in their addresses. */
export function installOpenApi(paths: PathRouter, resources: ResourceTable): void {
  const documents = new OpenApiDocuments(resources);
  paths.add('/openapi/v2', (request) => respond(request, documents.v2(), 'no-cache, private'));
  paths.add(INDEX, (request) => respond(request, documents.v3Index(), 'no-cache, private'));
  paths.add(`${INDEX}/`, (request) => {
    const { info, query, exchange } = request;
    const path = info.path.slice(INDEX.length + 1);
    const document = documents.v3(path);
    if (!document) return request.notFound();
    const hash = query?.get('hash');
    if (hash && hash !== document.hash) {
      const location = `${INDEX}/${path}?hash=${document.hash}`;
      exchange.respond(301, { ...commonHeaders(exchange, 'text/plain; charset=utf-8'), location }, []);
      return;
    }
    return respond(request, document, hash ? FOREVER : 'no-cache, private');
  });
}

function respond({ exchange }: Request, { json, hash }: Document, cache: string): void | Promise<void> {
  const etag = `"${hash}"`;
  const headers = {
    ...commonHeaders(exchange, 'application/json'),
    'cache-control': cache,
    etag,
    vary: 'Accept',
  };
  if (exchange.headers['if-none-match'] === etag) {
    exchange.respond(304, headers, []);
    return;
  }
  if (acceptsGzip(exchange)) return respondGzip(exchange, 200, headers, json);
  exchange.respond(200, headers, [json]);
}
