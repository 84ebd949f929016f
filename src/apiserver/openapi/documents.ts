import { createHash } from 'node:crypto';
import { groupVersions } from '../../api/groups.ts';
import { model } from '../../api/model.ts';
import type { ResourceTable, ServedResource } from '../core.ts';
import { Definitions, definitionName, type GroupVersionKind, gvk, type Json } from './definitions.ts';
import { Paths } from './paths.ts';

export interface Document {
  readonly json: Buffer;
  /** Hexadecimal, of the content. */
  readonly hash: string;
}

const info = { title: 'Kubernetes', version: 'v1.36.0' };
const security = {
  BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
};

/**
 * The OpenAPI documents of a server. Each is made when it is first asked for and kept until a resource comes or goes:
 * v2 is one of megabytes, v3 one a group-version.
 */
export class OpenApiDocuments {
  readonly #resources: ResourceTable;
  #generation = -1;
  #v2: Document | undefined;
  readonly #v3 = new Map<string, Document>();
  #byPath = new Map<string, ServedResource[]>();
  #kinds = new Map<string, readonly GroupVersionKind[]>();

  constructor(resources: ResourceTable) {
    this.#resources = resources;
  }

  v2(): Document {
    this.#refresh();
    this.#v2 ??= this.#build2();
    return this.#v2;
  }

  /** The index of v3: where each group-version's document is, with the hash of its content. */
  v3Index(): Document {
    this.#refresh();
    const paths = Object.fromEntries(
      [...this.#byPath.keys()].map((path) => [
        path,
        { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#document3(path)?.hash ?? ''}` },
      ]),
    );
    return document({ paths });
  }

  /** `path` as the index has it: "api/v1", "apis/apps/v1". */
  v3(path: string): Document | undefined {
    this.#refresh();
    return this.#document3(path);
  }

  #refresh(): void {
    if (this.#generation === this.#resources.generation) return;
    this.#generation = this.#resources.generation;
    this.#v2 = undefined;
    this.#v3.clear();
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

  #document3(path: string): Document | undefined {
    const resources = this.#byPath.get(path);
    if (!resources) return undefined;
    let found = this.#v3.get(path);
    if (!found) {
      const { definitions, paths } = this.#build(3, resources);
      found = document({
        openapi: '3.0.0',
        info,
        paths,
        components: { schemas: definitions, securitySchemes: security },
        security: [{ BearerToken: [] }],
      });
      this.#v3.set(path, found);
    }
    return found;
  }

  #build2(): Document {
    const { definitions, paths } = this.#build(2, [...this.#resources.all()]);
    return document({
      swagger: '2.0',
      info,
      paths,
      definitions,
      securityDefinitions: security,
      security: [{ BearerToken: [] }],
    });
  }

  #build(version: 2 | 3, resources: readonly ServedResource[]): { definitions: Json; paths: Json } {
    const definitions = new Definitions(version, (name) => this.#kinds.get(name) ?? []);
    const paths = new Paths(version, definitions);
    for (const resource of resources) paths.add(resource);
    // Watches answer with it; no path says so.
    definitions.reference(model.type('meta/v1.WatchEvent'));
    return { definitions: definitions.all(), paths: paths.all() };
  }
}

function document(value: object): Document {
  const json = Buffer.from(JSON.stringify(value));
  return { json, hash: createHash('sha512').update(json).digest('hex').toUpperCase() };
}

/** Which kinds each definition is: its own, and for meta's shared ones that of every group-version. */
function kindsByDefinition(resources: ResourceTable): Map<string, readonly GroupVersionKind[]> {
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
