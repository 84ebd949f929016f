import { createHash } from 'node:crypto';
import { type Docs, loadDocs } from '../../api/docs/docs.ts';
import { groupVersions } from '../../api/groups.ts';
import { model } from '../../api/model.ts';
import type { ResourceTable, ServedResource } from '../core.ts';
import { Definitions, definitionName, type GroupVersionKind, gvk, type Json } from './definitions.ts';
import { encodeGnostic } from './gnostic.ts';
import { encodeGnostic3 } from './gnostic3.ts';
import { merged, type SwaggerPart } from './merge.ts';
import { Paths } from './paths.ts';
import { type AddPaths, everyVersion, plainPaths } from './plain-paths.ts';
import { inSlices } from './slices.ts';

type Build = (docs: Docs, kinds: Kinds, resources: readonly ServedResource[]) => Generator<void, Buffer>;
type Encode = (document: Json) => Generator<void, Buffer>;

export interface Document {
  readonly bytes: Buffer;
  /** Hexadecimal, of the content. */
  readonly hash: string;
}

/** What an aggregator knows of the documents of other servers. */
export interface OtherDocuments {
  /** Another number whenever one of them is another. */
  readonly generation: number;
  /** Of version 3: paths in the index, and where each can be had. */
  openApiPaths(): readonly (readonly [path: string, url: string])[];
  /** Of version 2. */
  openApiParts(): readonly SwaggerPart[];
  /** One of version 3 that was made here, of a server that has none. */
  openApiDocument(path: string): Json | undefined;
}

const info = { title: 'Kubernetes', version: '1.36' };
const securityDefinitions = {
  BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
};
const security = [{ BearerToken: [] }];

/** Kinds that are of every group-version that the server knows, among them versions that are served no more. */
const inEveryVersion: ReadonlyMap<string, string> = new Map(
  ['DeleteOptions', 'WatchEvent'].map((kind) => [definitionName(model.type(`meta/v1.${kind}`)), kind]),
);

function everywhere(name: string, versions: Readonly<Record<string, readonly string[]>>): readonly GroupVersionKind[] {
  const kind = inEveryVersion.get(name);
  if (kind === undefined) return [];
  return Object.entries(versions).flatMap(([group, all]) => all.map((version) => gvk(group, version, kind)));
}

/**
 * The OpenAPI documents of a server. Each is made when it is first asked for and kept until a resource comes or goes:
 * v2 is one of megabytes, v3 one a group-version. Making them takes many milliseconds, and gives way to other requests.
 */
export class OpenApiDocuments {
  readonly #resources: ResourceTable;
  readonly #others: OtherDocuments | undefined;
  #generation = -1;
  #othersGeneration = 0;
  #made = new Map<string, Promise<Document>>();
  /** What each document of v3 is made of. */
  #byPath = new Map<string, ServedResource[] | AddPaths>();
  #kinds: Kinds = new Map();
  /** Ends with the last document asked for: they are made one after the other, or their slices would add up. */
  #last: Promise<unknown> = Promise.resolve();
  #docs: Promise<Docs> | undefined;

  /** `others`: what extension servers have. */
  constructor(resources: ResourceTable, others?: OtherDocuments) {
    this.#resources = resources;
    this.#others = others;
  }

  v2(): Promise<Document> {
    return this.#v2('v2', encodeJson);
  }

  /** In protobuf, see gnostic.ts. */
  v2Protobuf(): Promise<Document> {
    return this.#v2('v2 protobuf', encodeGnostic);
  }

  /**
   * The index of v3: where each group-version's document is, with the hash of its content; this server's own count.
   */
  async v3Index(): Promise<Document> {
    this.#refresh();
    const documents = [...this.#byPath.keys()].map(async (path) => {
      const hash = customHash(this.#byPath.get(path)) ?? (await this.#document3(path, encodeJson)).hash;
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
    });
    const elsewhere = (this.#others?.openApiPaths() ?? []).map(
      ([path, serverRelativeURL]) => [path, { serverRelativeURL }] as const,
    );
    // The last of a path counts.
    const all = new Map([...elsewhere, ...(await Promise.all(documents))]);
    const paths = Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
    return document(Buffer.from(JSON.stringify({ paths })));
  }

  /** `path` as the index has it: "api/v1", "apis/apps/v1". */
  async v3(path: string): Promise<Document | undefined> {
    this.#refresh();
    if (this.#byPath.has(path)) return this.#document3(path, encodeJson);
    const other = this.#others?.openApiDocument(path);
    return other && jsonDocument(other);
  }

  /** In protobuf, see gnostic3.ts. Its hash is that of the JSON, which is what the index has. */
  async v3Protobuf(path: string): Promise<Document | undefined> {
    const json = await this.v3(path);
    const other = this.#byPath.has(path) ? undefined : this.#others?.openApiDocument(path);
    if (other) return json && { bytes: await inSlices(encodeGnostic3(other)), hash: json.hash };
    return json && { bytes: (await this.#document3(path, encodeGnostic3)).bytes, hash: json.hash };
  }

  #v2(key: string, encode: Encode): Promise<Document> {
    const others = this.#others?.openApiParts() ?? [];
    return this.#once(key, (docs, kinds, resources) => build2(docs, kinds, resources, others, encode));
  }

  #document3(path: string, encode: Encode): Promise<Document> {
    const of = this.#byPath.get(path) ?? [];
    const key = `v3 ${path}${encode === encodeJson ? '' : ' protobuf'}`;
    const made = this.#once(key, (docs, kinds) =>
      typeof of === 'function' ? buildPlain(docs, of, kinds, encode) : build3(docs, kinds, of, encode),
    );
    const hash = customHash(of);
    return hash === undefined ? made : made.then(({ bytes }) => ({ bytes, hash }));
  }

  #refresh(): void {
    const others = this.#others?.generation ?? 0;
    if (this.#generation === this.#resources.generation && this.#othersGeneration === others) return;
    this.#generation = this.#resources.generation;
    this.#othersGeneration = others;
    const before = this.#byPath;
    const made = this.#made;
    this.#made = new Map();
    this.#byPath = new Map(Object.entries(plainPaths));
    this.#kinds = kindsByDefinition(this.#resources);
    for (const resource of this.#resources.all()) {
      const { group, version } = resource;
      const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
      const list = this.#byPath.get(path);
      if (Array.isArray(list)) list.push(resource);
      else this.#byPath.set(path, [resource]);
      if (group !== '' && !resource.custom) this.#byPath.set(`apis/${group}`, (paths) => paths.addGroup(group));
    }
    // A definition that comes or goes changes the documents of its own versions, and no others of version 3.
    const kept = this.#made;
    for (const [key, document] of made) {
      const path = /^v3 (\S+)/.exec(key)?.[1] ?? '';
      const of = this.#byPath.get(path);
      if (!of || !sameParts(before.get(path), of)) continue;
      kept.set(key, document);
      document.catch(() => kept.delete(key));
    }
  }

  /** Whoever asks while a document is in the making waits for the same one. */
  #once(key: string, build: Build): Promise<Document> {
    this.#refresh();
    const made = this.#made;
    let found = made.get(key);
    if (!found) {
      // As it is now: what the document is of is this generation, whenever its turn comes.
      const kinds = this.#kinds;
      const resources = [...this.#resources.all()];
      found = this.#last.then(async () => {
        this.#docs ??= loadDocs();
        return document(await inSlices(build(await this.#docs, kinds, resources)));
      });
      const last = found
        .catch(() => made.delete(key))
        .finally(() => {
          // Nobody needs them once nothing is to be made.
          if (this.#last === last) this.#docs = undefined;
        });
      this.#last = last;
      made.set(key, found);
    }
    return found;
  }
}

function* build2(
  docs: Docs,
  kinds: Kinds,
  resources: readonly ServedResource[],
  others: readonly SwaggerPart[],
  encode: Encode,
): Generator<void, Buffer> {
  const definitions = new Definitions(2, docs, (name) => kinds.get(name) ?? everywhere(name, everyVersion));
  const paths = new Paths(2, definitions);
  const groups = new Set<string>();
  const versions = new Set<string>();
  for (const resource of resources) {
    const { group, version } = resource;
    paths.add(resource);
    if (group !== '' && !resource.custom && !groups.has(group)) paths.addGroup(group);
    groups.add(group);
    if (!resource.custom && !versions.has(`${group}/${version}`)) paths.addGroupVersion(group, version);
    versions.add(`${group}/${version}`);
    yield;
  }
  for (const add of Object.values(plainPaths)) add(paths, definitions);
  const own = { paths: paths.all(), definitions: definitions.all(), parameters: paths.shared() };
  return yield* encode({
    swagger: '2.0',
    info,
    ...(others.length > 0 ? merged(own, others) : own),
    securityDefinitions,
    security,
  });
}

/** Of the resources of a group-version. */
function* build3(
  docs: Docs,
  kinds: Kinds,
  resources: readonly ServedResource[],
  encode: Encode,
): Generator<void, Buffer> {
  const [first] = resources;
  const own = first ? { [first.group]: [first.version] } : {};
  const definitions = new Definitions(3, docs, (name) => kinds.get(name) ?? everywhere(name, { '': ['v1'], ...own }));
  const paths = new Paths(3, definitions);
  if (first && !first.custom) paths.addGroupVersion(first.group, first.version);
  for (const resource of resources) {
    paths.add(resource);
    yield;
  }
  return yield* encode(document3(definitions, paths));
}

/** Of what is no resource: a path of `plainPaths`, or a group. */
function* buildPlain(
  docs: Docs,
  add: (paths: Paths, definitions: Definitions) => void,
  kinds: Kinds,
  encode: Encode,
): Generator<void, Buffer> {
  const definitions = new Definitions(3, docs, (name) => kinds.get(name) ?? []);
  const paths = new Paths(3, definitions);
  add(paths, definitions);
  return yield* encode(document3(definitions, paths));
}

function document3(definitions: Definitions, paths: Paths): Json {
  const schemas = definitions.all();
  const components = { ...(Object.keys(schemas).length > 0 && { schemas }), securitySchemes: securityDefinitions };
  return { openapi: '3.0.0', info, paths: paths.all(), components };
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

/** A document that is there already, as JSON. */
export async function jsonDocument(value: Json): Promise<Document> {
  return document(await inSlices(encodeJson(value)));
}

function document(bytes: Buffer): Document {
  return { bytes, hash: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}

/**
 * The hash of a document that is of definitions alone: that of what they are, so that the index of a thousand of them
 * need not make a thousand documents.
 */
function customHash(of: readonly ServedResource[] | AddPaths | undefined): string | undefined {
  if (!Array.isArray(of)) return undefined;
  const forms = (of as readonly ServedResource[]).map(({ custom }) => custom && `${custom.version} ${custom.form}`);
  if (forms.length === 0 || forms.includes(undefined)) return undefined;
  return createHash('sha512').update(forms.sort().join('\n')).digest('hex').toUpperCase();
}

/** Whether a document of one is that of the other. */
function sameParts(
  a: readonly ServedResource[] | AddPaths | undefined,
  b: readonly ServedResource[] | AddPaths,
): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return typeof a === 'function' && typeof b === 'function';
  return a.length === b.length && a.every((resource, i) => resource === b[i]);
}

type Kinds = ReadonlyMap<string, readonly GroupVersionKind[]>;

/** Which kinds each definition is: its own, and for meta's shared ones that of every group-version. */
function kindsByDefinition(resources: ResourceTable): Kinds {
  const kinds = new Map<string, readonly GroupVersionKind[]>();
  const add = (group: string, version: string, kind: string) => {
    const schema = model.kind(group, version, kind);
    if (schema) kinds.set(definitionName(schema), [gvk(group, version, kind)]);
  };
  for (const resource of resources.all()) {
    const { group, version, data } = resource;
    // Definitions of custom kinds say themselves what they are.
    if (resource.custom) continue;
    kinds.set(definitionName(resource.schema), [gvk(group, version, data.kind)]);
    add(group, version, `${data.kind}List`);
    for (const sub of Object.values(data.subresources ?? {})) {
      const [of, at] = sub.of ?? [group, version];
      if (!kinds.has(sub.kind)) add(of, at, sub.kind);
    }
  }
  for (const kind of ['Status', 'APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions']) {
    const meta = groupVersions.find((gv) => gv.group === 'meta.k8s.io');
    if (meta?.types[kind]) kinds.set(definitionName(model.type(`meta/v1.${kind}`)), [gvk('', 'v1', kind)]);
  }
  return kinds;
}
