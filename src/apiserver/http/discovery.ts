import { createHash } from 'node:crypto';
import { model } from '../../api/model.ts';
import { apiVersionOf } from '../../api/resource.ts';
import { compareVersions } from '../../api/version-priority.ts';
import { encodeProtoEnvelope, encodeProtoMessage } from '../../schema/protobuf.ts';
import type { Aggregator, RemoteVersion } from '../aggregation/aggregator.ts';
import type { ResourceTable, ServedResource } from '../core.ts';
import { discoveredVerbs } from '../custom/kind.ts';
import { acceptsGzip, commonHeaders, respondGzip, respondJson } from './answer.ts';
import { NEWLINE } from './encode.ts';
import { checkRouteAccepts, negotiate, prettier, wantsPretty } from './negotiate.ts';
import type { PathHandler, PathRouter } from './paths.ts';
import type { Request } from './request.ts';

/**
 * What the server has, told in two ways: the list of groups with a list of resources for each version, and all at
 * once ("aggregated"). https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 * The bytes are made once and kept until a resource comes or goes.
 */
export class Discovery {
  readonly #resources: ResourceTable;
  readonly #address: () => string;
  readonly #aggregator: Aggregator | undefined;
  #documents: Documents | undefined;

  /** `address`: host:port that clients reach the server at. */
  constructor(resources: ResourceTable, address: () => string, aggregator?: Aggregator) {
    this.#resources = resources;
    this.#address = address;
    this.#aggregator = aggregator;
  }

  hasGroup(group: string): boolean {
    return this.#current().groups.has(group);
  }

  install(paths: PathRouter): void {
    paths.add('/api', this.#either('/api'));
    paths.add('/apis', this.#either('/apis'));
    paths.add('/api/', this.#legacy);
    paths.add('/apis/', this.#legacy);
  }

  /** Paths of group-versions, for the answer to `/`. */
  paths(): readonly string[] {
    return [...this.#current().legacy.keys()];
  }

  #either(path: '/api' | '/apis'): PathHandler {
    return (request) => {
      const documents = this.#current();
      const form = aggregatedForm(request.exchange.headers.accept);
      if (form) return respondAggregated(request, documents.aggregated[path], form);
      return this.#legacy(request);
    };
  }

  readonly #legacy: PathHandler = (request) => {
    const { path } = request.info;
    const document = this.#current().legacy.get(path.endsWith('/') ? path.slice(0, -1) : path);
    if (!document) return request.notFound();
    checkRouteAccepts(request.exchange.headers.accept, false);
    const rep = negotiate(request.exchange.headers.accept, unchanged);
    const pretty = wantsPretty(request.query, request.userAgent);
    if (rep.mediaType !== PROTOBUF) return respondJson(request.exchange, 200, document, pretty ? prettier(rep) : rep);
    const bytes = inProtobuf('meta/v1', JSON.parse(document.toString()));
    request.exchange.respond(200, commonHeaders(request.exchange, PROTOBUF), [bytes]);
  };

  #current(): Documents {
    const remote = this.#aggregator?.generation ?? 0;
    if (this.#documents?.generation !== this.#resources.generation || this.#documents.remote !== remote)
      this.#documents = makeDocuments(this.#resources, this.#address(), this.#aggregator);
    return this.#documents;
  }
}

const unchanged = { table: false, metadata: false, protobuf: true, stream: false };
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const AGGREGATED = 'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface Document {
  readonly json: Buffer;
  readonly etag: string;
}

interface Documents {
  readonly generation: number;
  /** The aggregator's generation. */
  readonly remote: number;
  readonly groups: ReadonlySet<string>;
  readonly legacy: ReadonlyMap<string, Buffer>;
  readonly aggregated: { readonly '/api': Document; readonly '/apis': Document };
}

type Form = 'application/json' | typeof PROTOBUF;

/**
 * Clients that know aggregated discovery name it first; v2beta1 is gone, those fall through to the plain lists.
 * Undefined where the plain lists are wanted.
 */
function aggregatedForm(accept: string | undefined): Form | undefined {
  if (!accept?.includes('APIGroupDiscoveryList')) return undefined;
  for (const clause of accept.split(',')) {
    const [type = '', ...parts] = clause.split(';').map((part) => part.trim());
    const form = type === PROTOBUF ? PROTOBUF : 'application/json';
    if (![PROTOBUF, 'application/json', 'application/*', '*/*'].includes(type)) return undefined;
    if (!parts.some((part) => part.startsWith('as='))) return undefined;
    if (parts.includes('as=APIGroupDiscoveryList') && parts.includes('v=v2') && parts.includes('g=apidiscovery.k8s.io'))
      return form;
  }
  return undefined;
}

function respondAggregated(request: Request, { json, etag }: Document, form: Form): void | Promise<void> {
  const { exchange } = request;
  const mediaType = `${form};${AGGREGATED}`;
  const headers = { ...commonHeaders(exchange, mediaType), 'cache-control': 'public', etag, vary: 'Accept' };
  if (exchange.headers['if-none-match'] === etag) {
    exchange.respond(304, headers, []);
    return;
  }
  const bytes = form === PROTOBUF ? inProtobuf('apidiscovery/v2', JSON.parse(json.toString())) : json;
  if (acceptsGzip(exchange)) return respondGzip(exchange, 200, headers, bytes);
  exchange.respond(200, headers, form === PROTOBUF ? [bytes] : [bytes, NEWLINE]);
}

/** Asked for so seldom that it is not kept. */
function inProtobuf(file: string, value: { readonly kind: string; readonly apiVersion?: string }): Buffer {
  const { kind, apiVersion = '' } = value;
  return encodeProtoEnvelope({ apiVersion, kind }, encodeProtoMessage(model.type(`${file}.${kind}`), value));
}

function makeDocuments(resources: ResourceTable, serverAddress: string, aggregator: Aggregator | undefined): Documents {
  const remote = Map.groupBy(aggregator?.versions() ?? [], ({ group }) => group);
  const byGroup = new Map<string, Map<string, ServedResource[]>>();
  for (const resource of resources.all()) {
    const versions = byGroup.get(resource.group) ?? new Map<string, ServedResource[]>();
    byGroup.set(resource.group, versions);
    const list = versions.get(resource.version);
    if (list) list.push(resource);
    else versions.set(resource.version, [resource]);
  }
  const legacy = new Map<string, Buffer>();
  const put = (path: string, value: object) => legacy.set(path, Buffer.from(JSON.stringify(value)));
  const groups: object[] = [];
  const aggregated: { name: string; entry: object }[] = [];

  const core = byGroup.get('');
  put('/api', {
    kind: 'APIVersions',
    versions: [...(core?.keys() ?? [])],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  });
  for (const group of remote.keys()) if (!byGroup.has(group)) byGroup.set(group, new Map());
  const ordered = [...byGroup];
  if (aggregator && remote.size > 0)
    ordered.sort(([a], [b]) => aggregator.groupPriority(b) - aggregator.groupPriority(a));
  for (const [group, unsorted] of ordered) {
    const others = (remote.get(group) ?? []).toSorted((a, b) => b.versionPriority - a.versionPriority);
    const versions = [...unsorted].sort(([a], [b]) => compareVersions(a, b));
    for (const [version, list] of versions) {
      put(group === '' ? `/api/${version}` : `/apis/${group}/${version}`, {
        kind: 'APIResourceList',
        ...(group !== '' && { apiVersion: 'v1' }),
        groupVersion: apiVersionOf({ group, version }),
        resources: list.flatMap((resource) => apiResources(resource)),
      });
    }
    aggregated.push({
      name: group,
      entry: {
        metadata: group === '' ? {} : { name: group },
        versions: [
          ...versions.map(([version, list]) => ({ version, resources: discoveredIn(list), freshness: 'Current' })),
          ...others.map(discoveredRemotely),
        ],
      },
    });
    if (group === '') continue;
    const names = [...versions.map(([version]) => version), ...others.map(({ version }) => version)].map((version) => ({
      groupVersion: `${group}/${version}`,
      version,
    }));
    const entry = { name: group, versions: names, preferredVersion: names[0] };
    groups.push(entry);
    put(`/apis/${group}`, { kind: 'APIGroup', apiVersion: 'v1', ...entry });
  }
  put('/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups });
  const all = (wanted: (name: string) => boolean) =>
    document({
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: aggregated.filter(({ name }) => wanted(name)).map(({ entry }) => entry),
    });
  return {
    generation: resources.generation,
    remote: aggregator?.generation ?? 0,
    // Below a group that definitions made, nothing but the definitions is known.
    groups: new Set([...byGroup].filter(([, versions]) => hasBuiltIn(versions)).map(([group]) => group)),
    legacy,
    aggregated: { '/api': all((name) => name === ''), '/apis': all((name) => name !== '') },
  };
}

const hasBuiltIn = (versions: ReadonlyMap<string, readonly ServedResource[]>): boolean =>
  [...versions.values()].some((list) => list.some((resource) => !resource.custom));

function document(value: object): Document {
  const json = Buffer.from(JSON.stringify(value));
  return { json, etag: `"${createHash('sha512').update(json).digest('hex').toUpperCase()}"` };
}

/** Kinds that Kubernetes stores in another version than the one served, by group and kind. */
const storedAs: Readonly<Record<string, string>> = {
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': 'admissionregistration.k8s.io/v1beta1',
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': 'admissionregistration.k8s.io/v1beta1',
  'apiextensions.k8s.io/CustomResourceDefinition': 'apiextensions.k8s.io/v1beta1',
  'autoscaling/HorizontalPodAutoscaler': 'autoscaling/v2',
  'events.k8s.io/Event': '/v1',
};

/** Tells storage migrators when a kind comes to be stored in another version. Undefined for what is not stored. */
function hashOf({ group, version, data, custom }: ServedResource): string | undefined {
  if (!data.verbs.includes('watch')) return undefined;
  const stored = storedAs[`${group}/${data.kind}`] ?? `${group}/${custom?.storage().version ?? version}`;
  return createHash('sha256').update(`${stored}/${data.kind}`).digest().subarray(0, 8).toString('base64');
}

/** What could not be had anew is what was known before, and says so. */
function discoveredRemotely({ version, resources, freshness }: RemoteVersion): object {
  return { version, ...(resources.length > 0 && { resources }), freshness };
}

/** The resource and its subresources as APIResource. */
function apiResources(resource: ServedResource): object[] {
  const { data } = resource;
  const storageVersionHash = hashOf(resource);
  const own = {
    name: data.resource,
    singularName: data.singular,
    namespaced: data.namespaced,
    kind: data.kind,
    verbs: discoveredVerbs(resource),
    ...(data.shortNames && { shortNames: data.shortNames }),
    ...(data.categories && { categories: data.categories }),
    ...(storageVersionHash !== undefined && { storageVersionHash }),
  };
  const subresources = Object.entries(data.subresources ?? {}).map(([name, sub]) => ({
    name: `${data.resource}/${name}`,
    singularName: '',
    namespaced: data.namespaced,
    ...(sub.of && { group: sub.of[0], version: sub.of[1] }),
    kind: sub.kind,
    verbs: sub.verbs,
  }));
  return [own, ...subresources];
}

/** Those of definitions by their names. */
function discoveredIn(list: readonly ServedResource[]): readonly object[] {
  const byName = (a: ServedResource, b: ServedResource) => (a.data.resource < b.data.resource ? -1 : 1);
  const custom = list.filter((resource) => resource.custom).sort(byName);
  return [...list.filter((resource) => !resource.custom), ...custom].map(discovered);
}

function discovered(resource: ServedResource): object {
  const { data, custom } = resource;
  // What is built in does not say of which group-version its own kinds are.
  const own = custom ? ([resource.group, resource.version] as const) : undefined;
  const responseKind = (kind: string, of: readonly [string, string] | undefined = own) => ({
    group: of?.[0] ?? '',
    version: of?.[1] ?? '',
    kind,
  });
  const subresources = Object.entries(data.subresources ?? {}).map(([subresource, sub]) => ({
    subresource,
    responseKind: responseKind(sub.kind, sub.of),
    verbs: sub.verbs,
  }));
  return {
    resource: data.resource,
    responseKind: responseKind(data.kind),
    scope: data.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: data.singular,
    verbs: discoveredVerbs(resource),
    ...(data.shortNames && { shortNames: data.shortNames }),
    ...(data.categories && { categories: data.categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}
