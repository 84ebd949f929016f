import { ApiError, errors } from '../../api/errors.ts';
import type { ServedResource } from '../core.ts';

export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';

export const mediaTypes: readonly MediaType[] = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
];
const streamMediaTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

export type Transform = '' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** In which form an answer is sent. Equal ones are the same object, so that they can key caches. */
export interface Representation {
  readonly mediaType: MediaType;
  readonly as: Transform;
  /** Of meta.k8s.io, for `as`. */
  readonly metaVersion: 'v1' | 'v1beta1';
  readonly pretty: boolean;
}

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly q: number;
  readonly parameters: ReadonlyMap<string, string>;
}

const interned = new Map<string, Representation>();

function representation(
  mediaType: MediaType,
  as: Transform = '',
  metaVersion: 'v1' | 'v1beta1' = 'v1',
  pretty = false,
): Representation {
  const key = `${mediaType};${as};${metaVersion};${pretty}`;
  const found = interned.get(key) ?? { mediaType, as, metaVersion, pretty };
  interned.set(key, found);
  return found;
}

export const plainJson = representation('application/json');
const prettyJson = representation('application/json', '', 'v1', true);

export function prettier(from: Representation): Representation {
  if (from === plainJson) return prettyJson;
  return representation(from.mediaType, from.as, from.metaVersion, true);
}

/** The same for an answer that is no object of the resource, which has neither columns nor metadata to show. */
export const untransformed = (from: Representation): Representation =>
  from.as === '' ? from : representation(from.mediaType, '', 'v1', from.pretty);

/** Clients send the same few Accept headers again and again; the bound keeps strange ones from piling up. */
const parsed = new Map<string, readonly Clause[]>();
const REMEMBERED = 256;

function parseAccept(accept: string): readonly Clause[] {
  const known = parsed.get(accept);
  if (known) return known;
  const clauses: Clause[] = [];
  for (const text of accept.split(',')) {
    const [media = '', ...rest] = text.split(';');
    const [type = '', subtype = ''] = media.trim().split('/');
    const parameters = new Map<string, string>();
    let q = 1;
    for (const parameter of rest) {
      const equals = parameter.indexOf('=');
      if (equals < 0) continue;
      const name = parameter.slice(0, equals).trim();
      const value = parameter.slice(equals + 1).trim();
      if (name === 'q') q = Number.parseFloat(value) || 0;
      else parameters.set(name, value);
    }
    if (type) clauses.push({ type, subtype: subtype || (type === '*' ? '*' : ''), q, parameters });
  }
  const specificity = (c: Clause) => (c.type === '*' ? 0 : c.subtype === '*' ? 1 : 2);
  clauses.sort((a, b) => b.q - a.q || specificity(b) - specificity(a));
  if (parsed.size >= REMEMBERED) parsed.clear();
  parsed.set(accept, clauses);
  return clauses;
}

export interface Offer {
  /** The endpoint can answer as a table. */
  readonly table: boolean;
  /** The endpoint can answer with metadata alone. */
  readonly metadata: boolean;
  readonly protobuf: boolean;
  /** A watch: YAML has no way to frame its events. */
  readonly stream: boolean;
}

/** Chooses the form of an answer from the Accept header; throws 406 where none of what is asked for can be had. */
export function negotiate(accept: string | undefined, offer: Offer): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plainJson;
  for (const clause of parseAccept(accept)) {
    for (const mediaType of mediaTypes) {
      if (mediaType === 'application/vnd.kubernetes.protobuf' && !offer.protobuf) continue;
      const slash = mediaType.indexOf('/');
      if (clause.type !== '*' && clause.type !== mediaType.slice(0, slash)) continue;
      if (clause.subtype !== '*' && clause.subtype !== mediaType.slice(slash + 1)) continue;
      const found = accepts(clause, mediaType, offer);
      if (!found) continue;
      if (offer.stream && mediaType === 'application/yaml') throw notAcceptable(streamMediaTypes);
      return found;
    }
  }
  // Of custom resources too, which have no protobuf: their metadata has.
  throw notAcceptable(mediaTypes);
}

/** The first of `offered` that the Accept header likes best; undefined where it takes none of them. */
export function chooseMediaType(accept: string | undefined, offered: readonly string[]): string | undefined {
  for (const { type, subtype } of parseAccept(accept || '*/*')) {
    for (const mediaType of offered) {
      const slash = mediaType.indexOf('/');
      if (type !== '*' && type !== mediaType.slice(0, slash)) continue;
      if (subtype === '*' || subtype === mediaType.slice(slash + 1)) return mediaType;
    }
  }
  return undefined;
}

function notAcceptable(accepted: readonly string[]): ApiError {
  return errors.notAcceptable(accepted);
}

function accepts(clause: Clause, mediaType: MediaType, offer: Offer): Representation | undefined {
  const { parameters } = clause;
  const stream = parameters.get('stream');
  if (stream && (stream !== 'watch' || mediaType === 'application/yaml')) return undefined;
  const pretty = parameters.get('pretty') === '1';
  const [kind, group, version] = [parameters.get('as'), parameters.get('g'), parameters.get('v')];
  if (kind === undefined && group === undefined && version === undefined)
    return representation(mediaType, '', 'v1', pretty);
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  switch (kind) {
    case 'Table':
      if (!offer.table || mediaType === 'application/vnd.kubernetes.protobuf') return undefined;
      return representation(mediaType, kind, version, pretty);
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return offer.metadata ? representation(mediaType, kind, version, pretty) : undefined;
    default:
      return undefined;
  }
}

/** An answer that is a list has no metadata of one object, and the other way round. Throws NotAcceptable. */
export function checkTransform(rep: Representation, resource: ServedResource, list: boolean): void {
  if (rep.as === '' || rep.as === 'Table' || list === (rep.as === 'PartialObjectMetadataList')) return;
  const group = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '');
  const type = `*${group}.${resource.data.kind}${list ? 'List' : ''}`;
  const { status } = errors.notAcceptable([]);
  const message = `you requested ${rep.as}, but the requested object is ${list ? '' : 'not '}a list (${type})`;
  throw new ApiError({ ...status, message });
}

/** "1", "t", "T", "TRUE", "true", "True": Go's strconv.ParseBool. */
const goTrue = /^(?:1|[tT]|TRUE|true|True)$/;

/** Whether the answer is for a human: ?pretty says so, or the client is one that humans type into. */
export function wantsPretty(query: URLSearchParams | undefined, userAgent: string): boolean {
  const asked = query?.get('pretty');
  if (asked) return goTrue.test(asked);
  return userAgent.startsWith('curl') || userAgent.startsWith('Wget') || userAgent.startsWith('Mozilla/5.0');
}

/** The media type of a request's body; throws 415. */
export function bodyMediaType(contentType: string | undefined, protobuf: boolean): MediaType {
  if (!contentType || contentType === 'application/json') return 'application/json';
  const semicolon = contentType.indexOf(';');
  const bare = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  for (const mediaType of mediaTypes) {
    if (mediaType === bare && (protobuf || mediaType !== 'application/vnd.kubernetes.protobuf')) return mediaType;
  }
  throw errors.unsupportedMediaType(mediaTypes);
}

/** The router's answer to a content type that no route of the path takes. */
export const unsupportedByRoute = (): ApiError => ofRoute('415: Unsupported Media Type', 'UnsupportedMediaType', 415);

function ofRoute(message: string, reason: string, code: number): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details: {},
    code,
  });
}

/**
 * Built-in resources have a router before them, which knows media types by their bare names, in lower case and without
 * partial wildcards, and refuses an Accept header that has none of its route's. Throws NotAcceptable in its words.
 */
export function checkRouteAccepts(
  accept: string | undefined,
  collectionRead: boolean,
  routes: readonly string[] = mediaTypes,
): void {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return;
  for (const clause of accept.split(',')) {
    const bare = clause.split(';', 1)[0]?.trim() ?? '';
    if (bare === '*/*' || routes.includes(bare)) return;
  }
  const available = collectionRead ? [...routes, ...streamMediaTypes] : routes;
  throw ofRoute(`406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`, 'NotAcceptable', 406);
}
