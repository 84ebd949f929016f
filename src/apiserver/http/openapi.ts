import type { Clock } from '../../utils/clock.ts';
import type { Aggregator } from '../aggregation/aggregator.ts';
import type { ResourceTable } from '../core.ts';
import { type Document, OpenApiDocuments } from '../openapi/documents.ts';
import { acceptsGzip, commonHeaders, respondGzip } from './answer.ts';
import { chooseMediaType } from './negotiate.ts';
import type { PathRouter } from './paths.ts';
import type { Request } from './request.ts';

const INDEX = '/openapi/v3';
/** A document under its own hash never changes. */
const FOREVER = 'public, immutable';
const YEAR_MS = 365 * 24 * 3600 * 1000;

const PRIVATE = 'no-cache, private';
const JSON_TYPE = 'application/json';
/** What version 2 in protobuf is called; clients of old ask for it by a name that is no media type. */
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The same of version 3. */
const PROTOBUF3 = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
const v3MediaTypes = [JSON_TYPE, 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf', PROTOBUF3];
const v2MediaTypes = [JSON_TYPE, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', PROTOBUF];

/** /openapi/v2, /openapi/v3 and the group-versions below it, with ETag and the hash in their addresses. */
export function installOpenApi(
  paths: PathRouter,
  resources: ResourceTable,
  clock: Clock,
  aggregator?: Aggregator,
): void {
  const documents = new OpenApiDocuments(resources, aggregator);
  paths.add('/openapi/v2', async (request) => {
    switch (chooseMediaType(request.exchange.headers.accept, v2MediaTypes)) {
      case JSON_TYPE:
        return respond(request, JSON_TYPE, await documents.v2(), { 'cache-control': PRIVATE });
      case undefined:
        return notAcceptable(request);
      default:
        return respond(request, PROTOBUF, await documents.v2Protobuf(), { 'cache-control': PRIVATE });
    }
  });
  paths.add(INDEX, async (request) =>
    // Kubernetes does not say that it is JSON.
    respond(request, 'text/plain; charset=utf-8', await documents.v3Index(), {
      'cache-control': PRIVATE,
    }),
  );
  paths.add(`${INDEX}/`, async (request) => {
    const { info, query, exchange } = request;
    const path = info.path.slice(INDEX.length + 1);
    const type = chooseMediaType(exchange.headers.accept, v3MediaTypes);
    const document = await (type === undefined || type === JSON_TYPE ? documents.v3(path) : documents.v3Protobuf(path));
    if (!document) {
      exchange.respond(404, commonHeaders(exchange, ''), []);
      return;
    }
    if (type === undefined) return notAcceptable(request);
    const mediaType = type === JSON_TYPE ? JSON_TYPE : PROTOBUF3;
    const hash = query?.get('hash');
    if (!hash) return respond(request, mediaType, document, { 'cache-control': PRIVATE });
    if (hash !== document.hash) {
      const location = `${INDEX}/${path}?hash=${document.hash}`;
      const headers = commonHeaders(exchange, mediaType);
      exchange.respond(301, { ...headers, location, etag: `"${document.hash}"`, vary: 'Accept' }, []);
      return;
    }
    const expires = new Date(clock.now() + YEAR_MS).toUTCString().replace('GMT', 'UTC');
    return respond(request, mediaType, document, { 'cache-control': FOREVER, expires });
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
  cache: Readonly<Record<string, string>>,
): void | Promise<void> {
  const etag = `"${hash}"`;
  const headers = { ...commonHeaders(exchange, mediaType), ...cache, etag, vary: 'Accept' };
  if (known(exchange.headers['if-none-match'], etag)) {
    exchange.respond(304, headers, []);
    return;
  }
  if (acceptsGzip(exchange)) return respondGzip(exchange, 200, headers, bytes);
  exchange.respond(200, headers, [bytes]);
}
