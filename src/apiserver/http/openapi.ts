import type { ResourceTable } from '../core.ts';
import { type Document, OpenApiDocuments } from '../openapi/documents.ts';
import { acceptsGzip, commonHeaders, respondGzip } from './answer.ts';
import { chooseMediaType } from './negotiate.ts';
import type { PathRouter } from './paths.ts';
import type { Request } from './request.ts';

const INDEX = '/openapi/v3';
/** A document under its own hash never changes. */
const FOREVER = 'public, immutable, max-age=31536000';

const PRIVATE = 'no-cache, private';
const JSON_TYPE = 'application/json';
/** What version 2 in protobuf is called; clients of old ask for it by a name that is no media type. */
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const v2MediaTypes = [JSON_TYPE, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', PROTOBUF];

/** /openapi/v2, /openapi/v3 and the group-versions below it, with ETag and the hash in their addresses. */
export function installOpenApi(paths: PathRouter, resources: ResourceTable): void {
  const documents = new OpenApiDocuments(resources);
  paths.add('/openapi/v2', async (request) => {
    switch (chooseMediaType(request.exchange.headers.accept, v2MediaTypes)) {
      case JSON_TYPE:
        return respond(request, JSON_TYPE, await documents.v2(), PRIVATE);
      case undefined:
        return notAcceptable(request);
      default:
        return respond(request, PROTOBUF, await documents.v2Protobuf(), PRIVATE);
    }
  });
  paths.add(INDEX, async (request) => respond(request, JSON_TYPE, await documents.v3Index(), PRIVATE));
  paths.add(`${INDEX}/`, async (request) => {
    const { info, query, exchange } = request;
    const path = info.path.slice(INDEX.length + 1);
    const document = await documents.v3(path);
    if (!document) return request.notFound();
    if (!chooseMediaType(exchange.headers.accept, [JSON_TYPE])) return notAcceptable(request);
    const hash = query?.get('hash');
    if (hash && hash !== document.hash) {
      const location = `${INDEX}/${path}?hash=${document.hash}`;
      exchange.respond(301, { ...commonHeaders(exchange, 'text/plain; charset=utf-8'), location }, []);
      return;
    }
    return respond(request, JSON_TYPE, document, hash ? FOREVER : PRIVATE);
  });
}

/** RFC 9110: a list of tags, or a star for whatever there is. */
function known(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()));
}

function notAcceptable({ exchange }: Request): void {
  exchange.respond(406, { ...commonHeaders(exchange, 'text/plain; charset=utf-8'), vary: 'Accept' }, []);
}

function respond(
  { exchange }: Request,
  mediaType: string,
  { bytes, hash }: Document,
  cache: string,
): void | Promise<void> {
  const etag = `"${hash}"`;
  const headers = { ...commonHeaders(exchange, mediaType), 'cache-control': cache, etag, vary: 'Accept' };
  if (known(exchange.headers['if-none-match'], etag)) {
    exchange.respond(304, headers, []);
    return;
  }
  if (acceptsGzip(exchange)) return respondGzip(exchange, 200, headers, bytes);
  exchange.respond(200, headers, [bytes]);
}
