import { model } from '../../api/model.ts';
import type { SubresourceData, Verb } from '../../schema/model.ts';
import type { ServedResource } from '../core.ts';
import { returnsDeleted } from '../returns-deleted.ts';
import { type Definitions, type GroupVersionKind, gvk, type Json } from './definitions.ts';
import {
  collectionParameters,
  connections,
  deleteParameters,
  listParameters,
  logParameters,
  nameInPath,
  namespaceInPath,
  type Parameter,
  parameterJson,
  patchParameters,
  pretty,
  readParameters,
  restInPath,
  writeParameters,
} from './parameters.ts';
import { SharedParameters } from './shared-parameters.ts';

const produces = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
/** Custom resources have no protobuf. */
const customProduces = ['application/json', 'application/yaml'];
const patches = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const customPatches = patches.filter((type) => !type.includes('strategic'));

const connectMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
/** Connections that are no proxies take these. */
const streamMethods = ['get', 'post'];

type Operated = Verb | 'watchlist' | 'connect';

const methods: Readonly<Record<Verb, string>> = {
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
  get: 'get',
  list: 'get',
  watch: 'get',
};
/** x-kubernetes-action of each verb. */
const actions: Partial<Record<Operated, string>> = { create: 'post', update: 'put' };
const operationNames: Partial<Record<Operated, string>> = {
  update: 'replace',
  deletecollection: 'delete',
  get: 'read',
  watchlist: 'watch',
};
/** Codes of success other than 200 alone. */
const successes: Partial<Record<Operated, readonly number[]>> = {
  create: [200, 201, 202],
  update: [200, 201],
  patch: [200, 201],
  delete: [200, 202],
};
const descriptions: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The words of a group's name as tags and operations have them: "rbac", "authorization". */
const groupWords = (group: string): readonly string[] =>
  group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
const camel = (words: readonly string[]): string => words.map((word, i) => (i === 0 ? word : title(word))).join('');

/** What an operation is, apart from what follows from its verb. */
interface Operation {
  readonly verb: Operated;
  readonly kind: GroupVersionKind;
  readonly answer: Json;
  readonly parameters: readonly Parameter[];
  readonly body?: Json;
  /** Of a subresource: "Scale". */
  readonly sub?: string;
  readonly allNamespaces?: boolean;
  /** Of a connection: "get". */
  readonly method?: string;
}

/** Writes the paths of resources into a document. */
export class Paths {
  readonly #version: 2 | 3;
  readonly #definitions: Definitions;
  readonly #paths: Json = {};
  readonly #shared = new SharedParameters();

  constructor(version: 2 | 3, definitions: Definitions) {
    this.#version = version;
    this.#definitions = definitions;
  }

  all(): Json {
    return Object.fromEntries(Object.entries(this.#paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What version 2 has as `parameters`: those that operations refer to. */
  shared(): Json {
    return this.#shared.all();
  }

  add(resource: ServedResource): void {
    const { group, version, data, custom } = resource;
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const kind = gvk(group, version, data.kind);
    const inNamespace = data.namespaced ? '/namespaces/{namespace}' : '';
    const base = `${root}${inNamespace}/${data.resource}`;
    const place = data.namespaced ? [namespaceInPath] : [];
    const named = [nameInPath(data.kind), ...place];
    const own = custom ? this.#definitions.custom(resource) : this.#definitions.reference(resource.schema);
    const has = (verb: Verb) => data.verbs.includes(verb);
    const list = has('list') ? this.#list(resource) : own;

    const collection: [string, Operation][] = [];
    if (has('list')) collection.push(['get', { verb: 'list', kind, answer: list, parameters: listParameters }]);
    if (has('create'))
      collection.push(['post', { verb: 'create', kind, answer: own, parameters: writeParameters, body: own }]);
    if (has('deletecollection')) {
      const body = this.#deleteOptions();
      const answer = this.#definitions.reference(model.type('meta/v1.Status'));
      // Of custom resources Kubernetes describes what is selected, not how it is deleted.
      const how = custom ? { parameters: listParameters } : { parameters: collectionParameters, body };
      collection.push(['delete', { verb: 'deletecollection', kind, answer, ...how }]);
    }
    this.#put(resource, base, place, collection);

    const everywhere = `${root}/${data.resource}`;
    if (data.namespaced && has('list')) {
      const all: Operation = { verb: 'list', kind, answer: list, parameters: listParameters, allNamespaces: true };
      this.#put(resource, everywhere, [], [['get', all]]);
    }
    const item: [string, Operation][] = [];
    for (const verb of ['get', 'update', 'patch', 'delete'] as const) {
      if (has(verb)) item.push([methods[verb], this.#itemOperation(resource, kind, verb, own)]);
    }
    this.#put(resource, `${base}/{name}`, named, item);
    if (has('watch') && !custom) {
      // The road of old: the path says that it is a watch.
      const answer = this.#definitions.reference(model.type('meta/v1.WatchEvent'));
      const watch = (verb: 'watch' | 'watchlist', allNamespaces = false): [string, Operation][] => [
        ['get', { verb, kind, answer, parameters: listParameters, allNamespaces }],
      ];
      const below = (path: string): string => path.replace(root, `${root}/watch`);
      this.#put(resource, below(base), place, watch('watchlist'));
      if (data.namespaced) this.#put(resource, below(everywhere), [], watch('watchlist', true));
      if (has('get')) this.#put(resource, below(`${base}/{name}`), named, watch('watch'));
    }
    for (const [name, sub] of Object.entries(data.subresources ?? {})) this.#subresource(resource, base, name, sub);
  }

  /** A path that answers the same whatever the group: discovery, the version. */
  addPlain(
    path: string,
    tag: string,
    operationId: string,
    description: string,
    answer: Json,
    types: readonly string[] = produces,
    consumes: readonly string[] = types,
  ): void {
    this.#paths[path] = {
      get: {
        description,
        ...(this.#version === 2 && { ...(consumes.length > 0 && { consumes }), produces: types, schemes: ['https'] }),
        tags: [tag],
        operationId,
        responses: { 200: this.#response(200, answer, types), 401: { description: 'Unauthorized' } },
      },
    };
  }

  /** "/apis/apps/": what a group is, and "/apis/apps/v1/": what is in a version of it. */
  addGroup(group: string): void {
    const words = groupWords(group);
    const answer = this.#definitions.reference(model.type('meta/v1.APIGroup'));
    const id = `get${words.map(title).join('')}APIGroup`;
    this.addPlain(`/apis/${group}/`, camel(words), id, 'which versions the group has', answer);
  }

  addGroupVersion(group: string, version: string): void {
    const words = groupWords(group);
    const path = group === '' ? `/api/${version}/` : `/apis/${group}/${version}/`;
    const answer = this.#definitions.reference(model.type('meta/v1.APIResourceList'));
    const id = `get${words.map(title).join('')}${title(version)}APIResources`;
    this.addPlain(path, `${camel(words)}_${version}`, id, 'which resources there are', answer);
  }

  #subresource(resource: ServedResource, base: string, name: string, sub: SubresourceData): void {
    const { data } = resource;
    const [group, version] = sub.of ?? [resource.group, resource.version];
    const kind = resource.custom ? gvk(resource.group, resource.version, data.kind) : gvk(group, version, sub.kind);
    const path = `${base}/{name}/${name}`;
    const place = data.namespaced ? [namespaceInPath] : [];
    const text = { type: 'string' };
    if (name === 'log') {
      const log: Operation = { verb: 'get', kind, answer: text, parameters: logParameters, sub: 'Log' };
      this.#put(resource, path, [nameInPath(data.kind), ...place], [['get', log]]);
      return;
    }
    const options = connections[sub.kind];
    if (options) {
      const named = [nameInPath(sub.kind), ...place];
      const connect = (suffix: string): [string, Operation][] =>
        (name === 'proxy' ? connectMethods : streamMethods).map((method) => [
          method,
          { verb: 'connect', kind, answer: text, parameters: options, sub: title(name) + suffix, method },
        ]);
      this.#put(resource, path, named, connect(''));
      if (name === 'proxy') this.#put(resource, `${path}/{path}`, [...named, restInPath], connect('WithPath'));
      return;
    }
    const itself = sub.kind === data.kind;
    const schema = itself ? !resource.custom && resource.schema : model.kind(group, version, sub.kind);
    const other = schema ? this.#definitions.reference(schema) : { type: 'object' };
    const own = itself && resource.custom ? this.#definitions.custom(resource) : other;
    const item = sub.verbs.map((verb): [string, Operation] => [
      methods[verb],
      { ...this.#itemOperation(resource, kind, verb, own), sub: title(name) },
    ]);
    const ofItself = sub.verbs.length > 1 || !sub.verbs.includes('create') || sub.kind === data.kind;
    this.#put(resource, path, [nameInPath(ofItself ? data.kind : sub.kind), ...place], item);
  }

  #itemOperation(resource: ServedResource, kind: GroupVersionKind, verb: Verb, own: Json): Operation {
    switch (verb) {
      case 'create':
      case 'update':
        return { verb, kind, answer: own, parameters: writeParameters, body: own };
      case 'patch': {
        const body = this.#definitions.reference(model.type('meta/v1.Patch'));
        return { verb, kind, answer: own, parameters: patchParameters, body };
      }
      case 'delete': {
        const answer = returnsDeleted(resource) ? own : this.#definitions.reference(model.type('meta/v1.Status'));
        return { verb, kind, answer, parameters: deleteParameters, body: this.#deleteOptions() };
      }
      default:
        return { verb, kind, answer: own, parameters: resource.custom ? readParameters : [] };
    }
  }

  #deleteOptions(): Json {
    return this.#definitions.reference(model.type('meta/v1.DeleteOptions'));
  }

  #list(resource: ServedResource): Json {
    const { group, version, data, custom } = resource;
    const kind = data.listKind ?? `${data.kind}List`;
    const known = !custom && model.kind(group, version, kind);
    if (known) return this.#definitions.reference(known);
    return this.#definitions.customList(resource);
  }

  /** Parameters that all operations have are the path's. */
  #put(
    resource: ServedResource,
    path: string,
    place: readonly Parameter[],
    operations: readonly (readonly [method: string, Operation])[],
  ): void {
    if (operations.length === 0) return;
    const takes = operations.map(([, operation]) => [
      ...place,
      ...operation.parameters,
      ...(operation.verb === 'connect' ? [] : [pretty]),
    ]);
    const everywhere = (one: Parameter): boolean => takes.every((all) => all.includes(one));
    const item: Json = {};
    for (const [i, [method, operation]] of operations.entries()) {
      const own = (takes[i] ?? []).filter((one) => !everywhere(one));
      item[method] = this.#operation(resource, operation, own);
    }
    const common = (takes[0] ?? []).filter(everywhere).sort((a, b) => compare(a.name, b.name) || compare(a.in, b.in));
    if (common.length > 0) item.parameters = common.map((parameter) => this.#parameter(parameter));
    this.#paths[path] = item;
  }

  #operation(resource: ServedResource, operation: Operation, parameters: readonly Parameter[]): Json {
    const { group, version, data } = resource;
    const { verb, body } = operation;
    const words = groupWords(group);
    const watches = verb === 'list' || verb === 'watch' || verb === 'watchlist';
    const custom = resource.custom !== undefined;
    const usual = custom ? customProduces : produces;
    const types =
      verb === 'connect'
        ? ['*/*']
        : [...(operation.sub === 'Log' ? ['text/plain'] : []), ...usual, ...(watches && !custom ? streams : [])];
    const consumes = verb === 'patch' ? (custom ? customPatches : patches) : custom ? customProduces : ['*/*'];
    const codes = (custom && verb === 'patch' ? undefined : successes[verb]) ?? [200];
    return {
      description: describe(operation, data),
      ...(this.#version === 2 && { consumes: consumes, produces: types, schemes: ['https'] }),
      tags: [`${camel(words)}_${version}`],
      operationId: [
        operationNames[verb] ?? verb,
        ...words.map(title),
        title(version),
        title(operation.method ?? ''),
        verb === 'deletecollection' ? 'Collection' : '',
        data.namespaced && !operation.allNamespaces ? 'Namespaced' : '',
        data.kind,
        operation.sub ?? '',
        verb === 'watchlist' ? 'List' : '',
        operation.allNamespaces ? 'ForAllNamespaces' : '',
      ].join(''),
      ...this.#inputs(verb, body, consumes, parameters),
      responses: {
        ...Object.fromEntries(codes.map((code) => [code, this.#response(code, operation.answer, types)])),
        401: { description: 'Unauthorized' },
      },
      'x-kubernetes-action': actions[verb] ?? verb,
      'x-kubernetes-group-version-kind': operation.kind,
    };
  }

  #inputs(verb: Operated, body: Json | undefined, consumes: readonly string[], own: readonly Parameter[]): Json {
    const required = verb !== 'delete' && verb !== 'deletecollection' && { required: true };
    const parameters = own.map((parameter) => this.#parameter(parameter));
    if (this.#version === 2) {
      const inBody = body && this.#shared.share({ name: 'body', in: 'body', ...required, schema: body });
      const all = inBody ? [inBody, ...parameters] : parameters;
      return all.length > 0 ? { parameters: all } : {};
    }
    const content = body && Object.fromEntries(consumes.map((type) => [type, { schema: body }]));
    return {
      ...(parameters.length > 0 && { parameters }),
      ...(content && { requestBody: { content, ...required } }),
    };
  }

  #parameter(parameter: Parameter): Json {
    const json = parameterJson(this.#version, parameter);
    return this.#version === 2 ? this.#shared.share(json) : json;
  }

  #response(code: number, schema: Json, types: readonly string[]): Json {
    const description = descriptions[code] ?? '';
    if (this.#version === 2) return { description, schema };
    return { description, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function describe({ verb, sub, method }: Operation, { kind, verbs }: ServedResource['data']): string {
  const what = sub ? `${sub.toLowerCase()} of ` : '';
  switch (verb) {
    case 'list':
      return `list ${verbs.includes('watch') ? 'or watch ' : ''}objects of kind ${kind}`;
    case 'create':
      return `create ${what}a ${kind}`;
    case 'delete':
      return `delete a ${kind}`;
    case 'deletecollection':
      return `delete collection of ${kind}`;
    case 'get':
      return `read ${what}the specified ${kind}`;
    case 'update':
      return `replace ${what}the specified ${kind}`;
    case 'patch':
      return `partially update ${what}the specified ${kind}`;
    case 'watch':
      return `watch one ${kind}; deprecated for a list with watch and a fieldSelector`;
    case 'watchlist':
      return `watch objects of kind ${kind}; deprecated for a list with watch`;
    case 'connect':
      return `connect ${method?.toUpperCase()} requests to ${sub?.replace('WithPath', '').toLowerCase()} of ${kind}`;
  }
}
