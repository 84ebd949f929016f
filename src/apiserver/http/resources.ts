import { ApiError, errors } from '../../api/errors.ts';
import type { Status } from '../../api/meta/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Authorizer } from '../admission.ts';
import type { ApiCore, DeleteParameters, ServedResource, Stored, StoredList, Target } from '../core.ts';
import { tabled } from '../custom/scale-table.ts';
import { pathSegment } from '../registry/names.ts';
import { returnsDeleted } from '../returns-deleted.ts';
import { acceptsGzip, COMPRESS_FROM, commonHeaders, respondGzip, respondJson, warningHeader } from './answer.ts';
import { authorize } from './authorize.ts';
import { patchType, readDeleteOptions, readObject, readPatch } from './bodies.ts';
import { customRoute } from './custom-route.ts';
import { isCustom, listBody, partialMetadata } from './encode.ts';
import { joined } from './join.ts';
import type { Limits } from './limits.ts';
import { listDocument, pieces } from './list-pieces.ts';
import {
  checkRouteAccepts,
  checkTransform,
  negotiate,
  plainJson,
  prettier,
  type Representation,
  untransformed,
  wantsPretty,
} from './negotiate.ts';
import {
  deletedSelection,
  deleteOptionsOfQuery,
  listOptions,
  patchOptions,
  watchOptions,
  writeOptions,
} from './options.ts';
import { pour } from './pour.ts';
import { encodeObject, encodeStatus, listPieces } from './protobuf.ts';
import type { Request } from './request.ts';
import { nameInSelector, type RequestInfo } from './request-info.ts';
import { includeObject, objectTable, tableDocument } from './table.ts';
import { serveWatch, type WatchFrames } from './watch.ts';

/** What handlers of resources need of the server. */
export interface ResourceServices {
  readonly core: ApiCore;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly frames: WatchFrames;
  /** Called when the server closes, to end what would go on for ever. */
  readonly endless: Set<() => void>;
}

/** What a request's method means on its path, or why it means nothing: the router of resource paths. */
export type Route =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'not-found'
  | 'not-allowed';

function route(resource: ServedResource | undefined, request: Request): Route | ApiError {
  const { info, exchange } = request;
  // /api/v1/proxy/... has a verb to be authorized by, but went away long ago.
  if (!resource || info.verb === 'proxy') return 'not-found';
  if (resource.custom) return customRoute(resource, info);
  const { data } = resource;
  if (hasEmptySegment(info)) return 'not-found';
  if (info.subresource !== '') {
    const subresources = data.subresources;
    const sub =
      subresources && Object.hasOwn(subresources, info.subresource) ? subresources[info.subresource] : undefined;
    if (!sub || (info.rest !== '' && info.rest !== '/')) return 'not-found';
    if (data.namespaced !== (info.namespace !== '') && !isNamespace(info)) return 'not-found';
    const verb = info.verb;
    return sub.verbs.some((v) => v === verb) && exchange.method !== 'HEAD' ? (verb as Route) : 'not-allowed';
  }
  if (!data.namespaced && info.namespace !== '' && !isNamespace(info)) return 'not-found';
  if (info.watchPath) {
    return exchange.method === 'GET' && data.verbs.includes('watch') ? 'watch' : 'not-allowed';
  }
  if (!info.named) {
    const across = data.namespaced && info.namespace === '';
    if (!hasAny(data, across ? acrossVerbs : collectionVerbs)) return 'not-found';
    if (across && exchange.method !== 'GET') return 'not-allowed';
    switch (exchange.method) {
      case 'GET':
        return data.verbs.includes(info.verb === 'watch' ? 'watch' : 'list') ? (info.verb as Route) : 'not-allowed';
      case 'POST':
        return data.verbs.includes('create') ? 'create' : 'not-allowed';
      case 'DELETE':
        return data.verbs.includes('deletecollection') ? 'deletecollection' : 'not-allowed';
      default:
        return 'not-allowed';
    }
  }
  if ((data.namespaced && info.namespace === '') || !hasAny(data, objectVerbs)) return 'not-found';
  switch (exchange.method) {
    case 'GET':
      return data.verbs.includes('get') ? 'get' : 'not-allowed';
    case 'PUT':
      return data.verbs.includes('update') ? 'update' : 'not-allowed';
    case 'PATCH':
      return data.verbs.includes('patch') ? 'patch' : 'not-allowed';
    case 'DELETE':
      return data.verbs.includes('delete') ? 'delete' : 'not-allowed';
    default:
      return 'not-allowed';
  }
}

/** Two slashes in a row before what a subresource passes on: the router knows no such path. */
const hasEmptySegment = ({ path, rest }: RequestInfo): boolean => {
  const at = path.indexOf('//');
  return at >= 0 && at < path.length - rest.length;
};

/** A namespace's own path names it twice: /namespaces/x is the namespace x "in" x. */
const isNamespace = ({ group, resource, namespace, name }: RequestInfo): boolean =>
  group === '' && resource === 'namespaces' && namespace === name;

/** What may be done on a path of each kind; a resource that can do none of it has no such path. */
const acrossVerbs = new Set(['list', 'watch']);
const collectionVerbs = new Set(['list', 'watch', 'create', 'deletecollection']);
const objectVerbs = new Set(['get', 'update', 'patch', 'delete', 'watch']);

const hasAny = (data: ServedResource['data'], verbs: ReadonlySet<string>): boolean =>
  data.verbs.some((verb) => verbs.has(verb));

/** Whoever asks for one of these in whatever way is told that it is going. */
const deprecated: ReadonlyMap<string, string> = new Map([
  ['endpoints', 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  ['componentstatuses', 'v1 ComponentStatus is deprecated in v1.19+'],
]);

function warnOfDeprecated(request: Request): void {
  const message = deprecated.get(request.info.resource);
  if (message === undefined) return;
  request.warn(message);
  if (request.observer) request.observer.deprecated = true;
}

/** Serves one request for a resource. Rejects with ApiError for what the client must be told. */
export async function serveResource(services: ResourceServices, request: Request): Promise<void> {
  const { info } = request;
  const resource = services.core.resources.find(info.group, info.version, info.resource);
  const action = route(resource, request);
  if (resource && info.group === '' && action !== 'not-found' && action !== 'not-allowed') warnOfDeprecated(request);
  if (resource?.custom?.warning && action !== 'not-found') {
    request.warn(resource.custom.warning);
    if (request.observer) request.observer.deprecated = true;
  }
  const [why] = info.named ? pathSegment(info.name, false) : [];
  if (resource && !why && !(action instanceof ApiError) && isRead(action))
    return reads[action](services, request, target(resource, request));
  // The core authorizes too. Strangers are not told what exists before that, and have no body read.
  await authorize(services.authorizer, request.attributes(), request.observer);
  if (!resource || action === 'not-found') return request.notFound();
  if (action instanceof ApiError) throw action;
  if (action === 'not-allowed') throw errors.methodNotAllowed();
  if (why) throw errors.badRequest(`Name parameter invalid: ${quote(info.name)}: ${why}`);
  if (!isRead(action)) await writes[action](services, request, target(resource, request));
}

function target(resource: ServedResource, { info }: Request): Target {
  return {
    resource,
    namespace: resource.data.namespaced ? info.namespace : '',
    name: info.named ? info.name : '',
    subresource: info.subresource,
  };
}

function representation(request: Request, resource: ServedResource, stream = false): Representation {
  const custom = isCustom(resource);
  const { verb } = request.info;
  if (!custom) checkRouteAccepts(request.exchange.headers.accept, verb === 'list' || verb === 'watch');
  const rep = negotiate(request.exchange.headers.accept, {
    table: resource.data.columns !== undefined || custom,
    metadata: true,
    protobuf: !custom,
    stream,
  });
  return wantsPretty(request.query, request.userAgent) ? prettier(rep) : rep;
}

/** Runs what may refuse a read before the core has seen it, and lets authorization have the first word when it does. */
async function refusable<T>(services: ResourceServices, request: Request, prepare: () => T): Promise<T> {
  try {
    return prepare();
  } catch (error) {
    await authorize(services.authorizer, request.attributes(), request.observer);
    throw error;
  }
}

async function get(services: ResourceServices, request: Request, at: Target): Promise<void> {
  let rep = plainJson;
  let resourceVersion: string | undefined;
  if (request.exchange.headers.accept !== 'application/json' || request.query) {
    rep = await refusable(services, request, () => representation(request, at.resource));
    resourceVersion = request.query?.get('resourceVersion') || undefined;
  }
  const stored = await services.core.get(request, at, { resourceVersion });
  return respondStored(services, request, at, 200, stored, rep);
}

async function list(services: ResourceServices, request: Request, at: Target): Promise<void> {
  const [rep, options] = await refusable(
    services,
    request,
    () => [representation(request, at.resource), listOptions(request.query)] as const,
  );
  const found = await services.core.list(request, at, options);
  return respondList(services, request, found, rep);
}

async function watch(services: ResourceServices, request: Request, at: Target): Promise<void> {
  const [rep, options, include] = await refusable(
    services,
    request,
    () =>
      [representation(request, at.resource, true), watchOptions(request.query), includeObject(request.query)] as const,
  );
  const { name } = at;
  if (name !== '' && options.fieldSelector && nameInSelector(options.fieldSelector) !== name) {
    throw errors.badRequest("fieldSelector metadata.name doesn't match requested name");
  }
  const single = name === '' ? options : { ...options, fieldSelector: `metadata.name=${name}` };
  return serveWatch(services, request, { ...at, name: '' }, single, rep, include);
}

const reads: Readonly<Record<'get' | 'list' | 'watch', Action>> = { get, list, watch };

const isRead = (action: Route): action is 'get' | 'list' | 'watch' => Object.hasOwn(reads, action);

type Action = (services: ResourceServices, request: Request, at: Target) => Promise<void>;

const writes: Readonly<Record<'create' | 'update' | 'patch' | 'delete' | 'deletecollection', Action>> = {
  async create(services, request, at) {
    const rep = representation(request, at.resource);
    const options = writeOptions(request.query);
    const body = await readObject(request.exchange, services.limits.bodyBytes, bodyKind(at), !isCustom(at.resource));
    const stored = await services.core.create(request, at, body, options);
    return respondStored(services, request, at, 201, stored, rep);
  },

  async update(services, request, at) {
    const rep = representation(request, at.resource);
    const options = writeOptions(request.query);
    const body = await readObject(request.exchange, services.limits.bodyBytes, bodyKind(at), !isCustom(at.resource));
    const { stored, created } = await services.core.update(request, at, body, options);
    return respondStored(services, request, at, created ? 201 : 200, stored, rep);
  },

  async patch(services, request, at) {
    const type = patchType(request.exchange.headers['content-type'], isCustom(at.resource));
    const rep = representation(request, at.resource);
    const options = patchOptions(request.query);
    const patch = await readPatch(request.exchange, services.limits.bodyBytes, type);
    const { stored, created } = await services.core.patch(request, at, patch, options);
    return respondStored(services, request, at, created ? 201 : 200, stored, rep);
  },

  async delete(services, request, at) {
    const rep = representation(request, at.resource);
    const options = await deleteOptions(services, request);
    const { gone, stored } = await services.core.delete(request, at, options);
    if (!gone || returnsDeleted(at.resource)) {
      // Who asked the old way for dependents to go first is told that the object is still there.
      const status = !gone && options.orphanDependents === false ? 202 : 200;
      return respondStored(services, request, at, status, stored, rep);
    }
    const details = {
      name: at.name,
      ...(at.resource.group && { group: at.resource.group }),
      kind: at.resource.data.resource,
      uid: stored.object.metadata.uid,
    };
    const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    const plain = untransformed(rep);
    request.observer?.answersStatus(status);
    if (plain.mediaType === 'application/vnd.kubernetes.protobuf')
      return respondBytes(request, 200, encodeStatus(status), plain);
    return respondJson(request.exchange, 200, Buffer.from(JSON.stringify(status)), plain, request.warnings);
  },

  async deletecollection(services, request, at) {
    const rep = representation(request, at.resource);
    const selection = deletedSelection(request.query);
    const options = await deleteOptions(services, request);
    const deleted = await services.core.deleteCollection(request, at, options, selection);
    return respondList(services, request, deleted, rep);
  },
};

/** The kind that a path takes. */
const bodyKind = ({ resource, subresource }: Target): string =>
  resource.data.subresources?.[subresource]?.kind ?? resource.data.kind;

async function deleteOptions(services: ResourceServices, request: Request): Promise<DeleteParameters> {
  const body = await readDeleteOptions(request.exchange, services.limits.bodyBytes);
  if (!body) return deleteOptionsOfQuery(request.query);
  request.observer?.deleted(body);
  return body;
}

function respondStored(
  services: ResourceServices,
  request: Request,
  at: Target,
  status: number,
  stored: Stored,
  rep: Representation,
): void | Promise<void> {
  const { exchange, warnings } = request;
  checkTransform(rep, at.resource, false);
  request.observer?.answersObject(stored.object, () => shownAs(services, request, at, stored, rep));
  switch (rep.as) {
    case '':
      break;
    case 'Table': {
      const options = { include: includeObject(request.query), version: rep.metaVersion, now: services.clock.now() };
      return respondJson(exchange, status, objectTable(tabled(at), stored, options), rep, warnings);
    }
    default:
      if (rep.mediaType !== 'application/vnd.kubernetes.protobuf')
        return respondJson(exchange, status, partialMetadata(stored.json, rep.metaVersion), rep, warnings);
  }
  if (rep.mediaType === 'application/vnd.kubernetes.protobuf')
    return respondBytes(request, status, encodeObject(at.resource, stored, rep), rep);
  return respondJson(exchange, status, stored.json, rep, warnings);
}

/** What an audit event says was answered: the object in the form asked for, in JSON. */
function shownAs(
  services: ResourceServices,
  request: Request,
  at: Target,
  stored: Stored,
  { as, metaVersion }: Representation,
): Uint8Array {
  if (as === '') return stored.json;
  if (as !== 'Table') return partialMetadata(stored.json, metaVersion);
  const options = { include: includeObject(request.query), version: metaVersion, now: services.clock.now() };
  return objectTable(tabled(at), stored, options);
}

async function respondList(
  services: ResourceServices,
  request: Request,
  found: StoredList,
  rep: Representation,
): Promise<void> {
  const { exchange, warnings } = request;
  checkTransform(rep, found.resource, true);
  const options = rep.as === 'Table' && {
    include: includeObject(request.query),
    version: rep.metaVersion,
    now: services.clock.now(),
  };
  const plain = { ...rep, mediaType: 'application/json', pretty: false } as const;
  request.observer?.answers(() =>
    Buffer.concat([...pieces(options ? tableDocument(found, options) : listDocument(found, plain), plain)]),
  );
  const headers = commonHeaders(exchange, rep.mediaType);
  if (warnings.length > 0) headers.warning = warningHeader(warnings);
  if (options) return pour(exchange, 200, headers, pieces(tableDocument(found, options), rep));
  if (rep.mediaType === 'application/vnd.kubernetes.protobuf')
    return pour(exchange, 200, headers, await listPieces(found, rep));
  if (rep !== plainJson) return pour(exchange, 200, headers, pieces(listDocument(found, rep), rep));
  const body = listBody(found);
  if (acceptsGzip(exchange)) return pour(exchange, 200, headers, joined(body));
  exchange.respond(200, headers, body);
}

function respondBytes(request: Request, status: number, bytes: Buffer, rep: Representation): void | Promise<void> {
  const { exchange, warnings } = request;
  const headers = commonHeaders(exchange, rep.mediaType);
  if (warnings.length > 0) headers.warning = warningHeader(warnings);
  if (bytes.length > COMPRESS_FROM && acceptsGzip(exchange)) return respondGzip(exchange, status, headers, bytes);
  exchange.respond(status, headers, [bytes]);
}
