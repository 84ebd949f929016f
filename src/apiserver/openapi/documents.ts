import { createHash } from 'node:crypto';
import { groupVersions } from '../../api/groups.ts';
import { model } from '../../api/model.ts';
import type { ResourceTable, ServedResource } from '../core.ts';
import { Definitions, definitionName, type GroupVersionKind, gvk, type Json } from './definitions.ts';
import { encodeGnostic } from './gnostic.ts';
import { Paths } from './paths.ts';
import { inSlices } from './slices.ts';

export interface Document {
  readonly bytes: Buffer;
  /** Hexadecimal, of the content. */
  readonly hash: string;
}

const info = { title: 'Kubernetes', version: '1.36' };
const securityDefinitions = {
  BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
};
const security = [{ BearerToken: [] }];

/**
 * The OpenAPI documents of a server. Each is made when it is first asked for and kept until a resource comes or goes:
 * v2 is one of megabytes, v3 one a group-version. Making them takes many milliseconds, and gives way to other requests.
 */
export class OpenApiDocuments {
  readonly #resources: ResourceTable;
  #generation = -1;
  #made = new Map<string, Promise<Document>>();
  #byPath = new Map<string, ServedResource[]>();
  #kinds: Kinds = new Map();
  /** Ends with the last document asked for: they are made one after the other, or their slices would add up. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(resources: ResourceTable) {
    this.#resources = resources;
  }

  v2(): Promise<Document> {
    return this.#once('v2', () => build2(this.#kinds, [...this.#resources.all()], encodeJson));
  }

  /** In protobuf, see gnostic.ts. */
  v2Protobuf(): Promise<Document> {
    return this.#once('v2 protobuf', () => build2(this.#kinds, [...this.#resources.all()], encodeGnostic));
  }

  /** The index of v3: where each group-version's document is, with the hash of its content. */
  async v3Index(): Promise<Document> {
    this.#refresh();
    const documents = [...this.#byPath].map(async ([path, resources]) => {
      const { hash } = await this.#document3(path, resources);
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
    });
    const paths = Object.fromEntries(await Promise.all(documents));
    return document(Buffer.from(JSON.stringify({ paths })));
  }

  /** `path` as the index has it: "api/v1", "apis/apps/v1". */
  async v3(path: string): Promise<Document | undefined> {
    this.#refresh();
    const resources = this.#byPath.get(path);
    return resources && this.#document3(path, resources);
  }

  #document3(path: string, resources: readonly ServedResource[]): Promise<Document> {
    return this.#once(`v3 ${path}`, () => build3(this.#kinds, resources));
  }

  #refresh(): void {
    if (this.#generation === this.#resources.generation) return;
    this.#generation = this.#resources.generation;
    this.#made = new Map();
    this.#byPath = new Map();
    this.#kinds = kindsByDefinition(this.#resources);
    for (const resource of this.#resources.all()) {
      const { group, version } = resource;
      const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
      const list = this.#byPath.get(path) ?? [];
      list.push(resource);
      this.#byPath.set(path, list);
    }
  }

  /** Whoever asks while a document is in the making waits for the same one. */
  #once(key: string, build: () => Generator<void, Buffer>): Promise<Document> {
    this.#refresh();
    const made = this.#made;
    let found = made.get(key);
    if (!found) {
      // Begun now: what it sees is this generation, whenever its turn comes.
      const work = build();
      found = this.#last.then(() => inSlices(work)).then(document);
      this.#last = found.catch(() => made.delete(key));
      made.set(key, found);
    }
    return found;
  }
}

function* build2(
  kinds: Kinds,
  resources: readonly ServedResource[],
  encode: (document: Json) => Generator<void, Buffer>,
): Generator<void, Buffer> {
  const { definitions, paths } = yield* build(2, kinds, resources);
  return yield* encode({ swagger: '2.0', info, paths, definitions, securityDefinitions, security });
}

function* build3(kinds: Kinds, resources: readonly ServedResource[]): Generator<void, Buffer> {
  const { definitions, paths } = yield* build(3, kinds, resources);
  const components = { schemas: definitions, securitySchemes: securityDefinitions };
  return Buffer.from(JSON.stringify({ openapi: '3.0.0', info, paths, components, security }));
}

function* build(
  version: 2 | 3,
  kinds: Kinds,
  resources: readonly ServedResource[],
): Generator<void, { definitions: Json; paths: Json }> {
  const definitions = new Definitions(version, (name) => kinds.get(name) ?? []);
  const paths = new Paths(version, definitions);
  for (const resource of resources) {
    paths.add(resource);
    yield;
  }
  // Watches answer with it; no path says so.
  definitions.reference(model.type('meta/v1.WatchEvent'));
  return { definitions: definitions.all(), paths: paths.all() };
}

/** JSON of a document whose members are long: a text for each member of a member. */
function* encodeJson(value: Json): Generator<void, Buffer> {
  const members: string[] = [];
  for (const [name, content] of Object.entries(value)) {
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      members.push(`${JSON.stringify(name)}:${JSON.stringify(content)}`);
      continue;
    }
    const inner: string[] = [];
    for (const [key, one] of Object.entries(content)) {
      inner.push(`${JSON.stringify(key)}:${JSON.stringify(one)}`);
      yield;
    }
    members.push(`${JSON.stringify(name)}:{${inner.join(',')}}`);
  }
  return Buffer.from(`{${members.join(',')}}`);
}

function document(bytes: Buffer): Document {
  return { bytes, hash: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}

type Kinds = ReadonlyMap<string, readonly GroupVersionKind[]>;

/** Which kinds each definition is: its own, and for meta's shared ones that of every group-version. */
function kindsByDefinition(resources: ResourceTable): Kinds {
  const kinds = new Map<string, readonly GroupVersionKind[]>();
  const everywhere = new Map<string, { group: string; version: string }>();
  const add = (group: string, version: string, kind: string) => {
    const schema = model.kind(group, version, kind);
    if (schema) kinds.set(definitionName(schema), [gvk(group, version, kind)]);
  };
  for (const { group, version, data, schema } of resources.all()) {
    everywhere.set(`${group}/${version}`, { group, version });
    kinds.set(definitionName(schema), [gvk(group, version, data.kind)]);
    if (schema.proto) add(group, version, `${data.kind}List`);
    for (const sub of Object.values(data.subresources ?? {})) {
      const [of, at] = sub.of ?? [group, version];
      if (!kinds.has(sub.kind)) add(of, at, sub.kind);
    }
  }
  const all = [...everywhere.values()].sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : 0));
  for (const kind of ['DeleteOptions', 'WatchEvent']) {
    const list = all.map(({ group, version }) => gvk(group, version, kind));
    kinds.set(definitionName(model.type(`meta/v1.${kind}`)), list);
  }
  for (const kind of ['Status', 'APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions']) {
    const meta = groupVersions.find((gv) => gv.group === 'meta.k8s.io');
    if (meta?.types[kind]) kinds.set(definitionName(model.type(`meta/v1.${kind}`)), [gvk('', 'v1', kind)]);
  }
  return kinds;
}
