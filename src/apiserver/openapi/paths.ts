import { model } from '../../api/model.ts';
import type { SubresourceData, Verb } from '../../schema/model.ts';
import type { ServedResource } from '../core.ts';
import { returnsDeleted } from '../returns-deleted.ts';
import { type Definitions, type GroupVersionKind, gvk, type Json } from './definitions.ts';

const produces = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patches = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

type Parameter = readonly [name: string, type: 'string' | 'integer' | 'boolean', description: string];

const listParameters: readonly Parameter[] = [
  ['allowWatchBookmarks', 'boolean', 'Ask for BOOKMARK events, which say how far a watch has come.'],
  ['continue', 'string', 'The token of the last page of a list, to get the next.'],
  ['fieldSelector', 'string', 'Only objects with these values in their fields.'],
  ['labelSelector', 'string', 'Only objects with these labels.'],
  ['limit', 'integer', 'Most objects in one page.'],
  ['resourceVersion', 'string', 'How new the answer must be, or where a watch starts.'],
  ['resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'],
  ['sendInitialEvents', 'boolean', 'Start a watch with the objects that are there.'],
  ['timeoutSeconds', 'integer', 'How long the call may last, whatever happens.'],
  ['watch', 'boolean', 'Follow changes instead of listing.'],
];
const dryRun: Parameter = ['dryRun', 'string', 'All: go through every stage and change nothing.'];
const fieldManager: Parameter = [
  'fieldManager',
  'string',
  'Who makes the change, for the record of who owns which field.',
];
const fieldValidation: Parameter = [
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
];
const force: Parameter = ['force', 'boolean', 'Apply takes fields over that others own.'];
const deleteParameters: readonly Parameter[] = [
  dryRun,
  ['gracePeriodSeconds', 'integer', 'How long the object may take to stop; 0 is at once.'],
  ['orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'],
  ['propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'],
];
const writeParameters = [dryRun, fieldManager, fieldValidation];
const pretty: Parameter = ['pretty', 'string', "If 'true', then the output is pretty printed."];

/** What each subresource that is a connection takes, by its kind of options. */
const connections: Readonly<Record<string, readonly Parameter[]>> = {
  PodExecOptions: [
    ['command', 'string', 'Program and arguments, each a parameter.'],
    ['container', 'string', 'Which container.'],
    ['stderr', 'boolean', 'Pass standard error on.'],
    ['stdin', 'boolean', 'Pass standard input on.'],
    ['stdout', 'boolean', 'Pass standard output on.'],
    ['tty', 'boolean', 'Give it a terminal.'],
  ],
  PodAttachOptions: [
    ['container', 'string', 'Which container.'],
    ['stderr', 'boolean', 'Pass standard error on.'],
    ['stdin', 'boolean', 'Pass standard input on.'],
    ['stdout', 'boolean', 'Pass standard output on.'],
    ['tty', 'boolean', 'The container has a terminal.'],
  ],
  PodPortForwardOptions: [['ports', 'integer', 'Which ports, over WebSocket.']],
  PodProxyOptions: [['path', 'string', 'Path to ask the pod for.']],
  ServiceProxyOptions: [['path', 'string', 'Path to ask the service for.']],
  NodeProxyOptions: [['path', 'string', 'Path to ask the node for.']],
};
const logParameters: readonly Parameter[] = [
  ['container', 'string', 'Which container.'],
  ['follow', 'boolean', 'Go on with what is yet to be written.'],
  ['insecureSkipTLSVerifyBackend', 'boolean', "Do not check the node's certificate."],
  ['limitBytes', 'integer', 'Most bytes to send.'],
  ['previous', 'boolean', 'Of the container that ran before this one.'],
  ['sinceSeconds', 'integer', 'Only lines younger than this.'],
  ['stream', 'string', 'All, Stdout or Stderr.'],
  ['tailLines', 'integer', 'Only so many lines from the end.'],
  ['timestamps', 'boolean', 'Put the time before each line.'],
];

const methods: Readonly<Record<string, string>> = {
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
  get: 'get',
};
/** x-kubernetes-action of each verb. */
const actions: Readonly<Record<Verb, string>> = {
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
  get: 'get',
  list: 'list',
  watch: 'watch',
};
const operationNames: Readonly<Record<Verb, string>> = {
  create: 'create',
  update: 'replace',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deleteCollection',
  get: 'read',
  list: 'list',
  watch: 'watch',
};

/** Codes of success other than 200 alone. */
const successes: Partial<Record<Verb, readonly number[]>> = {
  create: [200, 201, 202],
  update: [200, 201],
  patch: [200, 201],
  delete: [200, 202],
};

const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "core_v1", "RbacAuthorizationV1": a group-version as tags and operations name it. */
function groupName(group: string): readonly string[] {
  return group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
}

/** Writes the paths of resources into a document. */
export class Paths {
  readonly #version: 2 | 3;
  readonly #definitions: Definitions;
  readonly #paths: Json = {};

  constructor(version: 2 | 3, definitions: Definitions) {
    this.#version = version;
    this.#definitions = definitions;
  }

  all(): Json {
    return Object.fromEntries(Object.entries(this.#paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  add(resource: ServedResource): void {
    const { group, version, data, schema } = resource;
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const kind = gvk(group, version, data.kind);
    const base = data.namespaced ? `${root}/namespaces/{namespace}/${data.resource}` : `${root}/${data.resource}`;
    const own = this.#definitions.reference(schema);
    const has = (verb: Verb) => data.verbs.includes(verb);
    const list = has('list') ? this.#list(resource) : own;

    const status = this.#definitions.reference(model.type('meta/v1.Status'));
    const collection: Json = {};
    if (has('list')) collection.get = this.#operation(resource, kind, 'list', list, { query: listParameters });
    if (has('create'))
      collection.post = this.#operation(resource, kind, 'create', own, { body: own, query: writeParameters });
    if (has('deletecollection')) {
      const query = [...listParameters.slice(1, -1), ...deleteParameters].sort(([a], [b]) => (a < b ? -1 : 1));
      collection.delete = this.#operation(resource, kind, 'deletecollection', status, {
        body: this.#deleteOptions(),
        query,
      });
    }
    this.#put(base, collection, data.namespaced, undefined);
    if (data.namespaced && has('list')) {
      const everywhere = this.#operation(resource, kind, 'list', list, { query: listParameters, all: true });
      this.#put(`${root}/${data.resource}`, { get: everywhere }, false, undefined);
    }

    const item: Json = {};
    for (const verb of ['get', 'update', 'patch', 'delete'] as const) {
      if (!has(verb)) continue;
      const answer = verb === 'delete' && !returnsDeleted(resource) ? status : own;
      item[methods[verb] ?? verb] = this.#operation(resource, kind, verb, answer, this.#inputs(verb, own));
    }
    this.#put(`${base}/{name}`, item, data.namespaced, data.kind);
    for (const [name, sub] of Object.entries(data.subresources ?? {})) this.#subresource(resource, base, name, sub);
  }

  #subresource(resource: ServedResource, base: string, name: string, sub: SubresourceData): void {
    const { data } = resource;
    const [group, version] = sub.of ?? [resource.group, resource.version];
    const kind = gvk(group, version, sub.kind);
    const path = `${base}/{name}/${name}`;
    const parameters = name === 'log' ? logParameters : connections[sub.kind];
    const item: Json = {};
    if (parameters) {
      const answer = { type: 'string' };
      const connect = (withPath: string): Json =>
        Object.fromEntries(
          sub.verbs.map((verb) => {
            const method = methods[verb] ?? verb;
            const inputs = {
              query: parameters,
              connect: name === 'log' ? undefined : method,
              sub: title(name) + withPath,
            };
            return [method, this.#operation(resource, kind, verb, answer, inputs)];
          }),
        );
      this.#put(path, connect(''), data.namespaced, sub.kind);
      if (name === 'proxy') this.#put(`${path}/{path}`, connect('WithPath'), data.namespaced, sub.kind, true);
      return;
    }
    const schema = sub.kind === data.kind ? resource.schema : model.kind(group, version, sub.kind);
    const own = schema ? this.#definitions.reference(schema) : { type: 'object' };
    for (const verb of sub.verbs) {
      const inputs = { ...this.#inputs(verb, own), sub: title(name) };
      item[methods[verb] ?? verb] = this.#operation(resource, kind, verb, own, inputs);
    }
    this.#put(path, item, data.namespaced, sub.kind);
  }

  #inputs(verb: Verb, own: Json): { body?: Json; query?: readonly Parameter[] } {
    switch (verb) {
      case 'create':
      case 'update':
        return { body: own, query: writeParameters };
      case 'patch':
        return { body: this.#definitions.named(PATCH, { type: 'object' }), query: [...writeParameters, force] };
      case 'delete':
        return { body: this.#deleteOptions(), query: deleteParameters };
      default:
        return {};
    }
  }

  #deleteOptions(): Json {
    return this.#definitions.reference(model.type('meta/v1.DeleteOptions'));
  }

  #list(resource: ServedResource): Json {
    const { group, version, data, schema } = resource;
    const kind = `${data.kind}List`;
    const known = schema.proto && model.kind(group, version, kind);
    if (known) return this.#definitions.reference(known);
    const name = `${schema.name}List`;
    return this.#definitions.named(name, {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        items: { type: 'array', items: this.#definitions.reference(schema) },
        kind: { type: 'string' },
        metadata: this.#definitions.reference(model.type('meta/v1.ListMeta')),
      },
      'x-kubernetes-group-version-kind': [gvk(group, version, kind)],
    });
  }

  #operation(
    resource: ServedResource,
    kind: GroupVersionKind,
    verb: Verb,
    answer: Json,
    inputs: { body?: Json; query?: readonly Parameter[]; all?: boolean; connect?: string; sub?: string },
  ): Json {
    const { group, version, data } = resource;
    const names = groupName(group);
    const where = inputs.all ? 'ForAllNamespaces' : '';
    const scope = data.namespaced && !inputs.all ? 'Namespaced' : '';
    const what = inputs.connect ? `connect` : operationNames[verb];
    const middle = names.map(title).join('') + title(version);
    const method = inputs.connect ? title(inputs.connect) : '';
    const collection = verb === 'deletecollection' ? 'Collection' : '';
    const prefix = verb === 'deletecollection' ? 'delete' : what;
    const codes = (inputs.connect ? undefined : successes[verb]) ?? [200];
    const types = inputs.connect
      ? ['*/*']
      : [...(inputs.sub === 'Log' ? ['text/plain'] : []), ...produces, ...(verb === 'list' ? streams : [])];
    const consumes = verb === 'patch' && !inputs.connect ? patches : ['*/*'];
    const parameters = (inputs.query ?? []).map((parameter) => this.#parameter(parameter));
    return {
      description: describe(verb, data.kind, inputs),
      ...(this.#version === 2 && { consumes, produces: types, schemes: ['https'] }),
      tags: [`${names.map((n, i) => (i === 0 ? n : title(n))).join('')}_${version}`],
      operationId: `${prefix}${middle}${method}${collection}${scope}${data.kind}${inputs.sub ?? ''}${where}`,
      ...this.#request(inputs.body, consumes, parameters),
      responses: {
        ...Object.fromEntries(codes.map((code) => [code, this.#response(code, answer, types)])),
        401: { description: 'Unauthorized' },
      },
      'x-kubernetes-action': inputs.connect ? 'connect' : actions[verb],
      'x-kubernetes-group-version-kind': kind,
    };
  }

  #request(body: Json | undefined, consumes: readonly string[], parameters: Json[]): Json {
    if (this.#version === 2) {
      const all = body ? [{ name: 'body', in: 'body', required: true, schema: body }, ...parameters] : parameters;
      return all.length > 0 ? { parameters: all } : {};
    }
    return {
      ...(parameters.length > 0 && { parameters }),
      ...(body && { requestBody: { content: Object.fromEntries(consumes.map((type) => [type, { schema: body }])) } }),
    };
  }

  #response(code: number, schema: Json, types: readonly string[]): Json {
    const description = code === 201 ? 'Created' : code === 202 ? 'Accepted' : 'OK';
    if (this.#version === 2) return { description, schema };
    return { description, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
  }

  #parameter([name, type, description]: Parameter): Json {
    if (this.#version === 2) return { uniqueItems: true, type, description, name, in: 'query' };
    return { name, in: 'query', description, schema: { type, uniqueItems: true } };
  }

  #put(path: string, item: Json, namespaced: boolean, named: string | undefined, withPath = false): void {
    if (Object.keys(item).length === 0) return;
    const inPath = (name: string, description: string): Json =>
      this.#version === 2
        ? { uniqueItems: true, type: 'string', description, name, in: 'path', required: true }
        : { name, in: 'path', description, required: true, schema: { type: 'string', uniqueItems: true } };
    const parameters = [
      ...(named ? [inPath('name', `name of the ${named}`)] : []),
      ...(namespaced ? [inPath('namespace', 'object name and auth scope, such as for teams and projects')] : []),
      ...(withPath ? [inPath('path', 'path to the resource')] : []),
      this.#parameter(pretty),
    ];
    this.#paths[path] = { ...item, parameters };
  }
}

const PATCH = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

function describe(verb: Verb, kind: string, inputs: { connect?: string; sub?: string }): string {
  const sub = inputs.sub ? `${inputs.sub.toLowerCase()} of ` : '';
  if (inputs.connect) return `connect ${inputs.connect.toUpperCase()} requests to ${sub}${kind}`;
  switch (verb) {
    case 'list':
      return `list or watch objects of kind ${kind}`;
    case 'create':
      return `create ${sub}a ${kind}`;
    case 'delete':
      return `delete a ${kind}`;
    case 'deletecollection':
      return `delete collection of ${kind}`;
    case 'get':
      return `read ${sub}the specified ${kind}`;
    case 'update':
      return `replace ${sub}the specified ${kind}`;
    case 'patch':
      return `partially update ${sub}the specified ${kind}`;
    case 'watch':
      return `watch changes to ${kind}`;
  }
}
