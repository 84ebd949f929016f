/** The documents of OpenAPI that an extension API server has. */
import type { Json } from '../openapi/definitions.ts';
import { encodeGnostic } from '../openapi/gnostic.ts';
import { partBelow, type SwaggerPart } from '../openapi/merge.ts';
import { inSlices } from '../openapi/slices.ts';
import { fetchJson } from './remote-discovery.ts';
import { RemoteError, type RemoteServer } from './remote-server.ts';

const JSON_TYPE = 'application/json';
/** As much as an index names documents; more is nobody's. */
const MAX_PATHS = 10_000;

export class RemoteOpenApi {
  /** Of version 3: paths of documents, with where each can be had. */
  index: ReadonlyMap<string, string> = new Map();
  /** Of version 2: what is the group-version's. */
  part: SwaggerPart | undefined;
  #indexTag: string | undefined;
  #partTag: string | undefined;

  /** Asks the server for what it has; what it does not tell stays as it was. Answers whether something is new. */
  async refresh(server: RemoteServer): Promise<boolean> {
    const [index, document] = await Promise.all([this.#refreshIndex(server), this.#refreshPart(server)]);
    return index || document;
  }

  async #refreshIndex(server: RemoteServer): Promise<boolean> {
    const found = await orUndefined(fetchJson(server, '/openapi/v3', JSON_TYPE, this.#indexTag));
    if (!found || found.tag === this.#indexTag) return false;
    this.index = indexOf(found.value);
    this.#indexTag = found.tag;
    return true;
  }

  async #refreshPart(server: RemoteServer): Promise<boolean> {
    const found = await orUndefined(fetchJson(server, '/openapi/v2', JSON_TYPE, this.#partTag));
    if (!found || found.tag === this.#partTag) return false;
    const { group, version } = server.service.spec;
    try {
      const part = partBelow(found.value, `/apis/${group}/${version}/`);
      // What cannot be written in protobuf would spoil the whole document for those who read that.
      const trial: Json = { ...part };
      await inSlices(encodeGnostic(trial));
      this.part = part;
    } catch (error) {
      // RangeError: deeper than anything that is meant to be read.
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      this.part = undefined;
    }
    this.#partTag = found.tag;
    return true;
  }
}

/** What a server does not say is no reason to stop. */
const orUndefined = <T>(promise: Promise<T>): Promise<T | undefined> =>
  promise.catch((error: unknown) => {
    if (!(error instanceof RemoteError)) throw error;
    return undefined;
  });

function indexOf(value: unknown): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  const paths = typeof value === 'object' && value !== null && 'paths' in value ? value.paths : undefined;
  if (typeof paths !== 'object' || paths === null) return index;
  for (const [path, one] of Object.entries(paths).slice(0, MAX_PATHS)) {
    const url: unknown = one?.serverRelativeURL;
    if (typeof url === 'string') index.set(path, url);
  }
  return index;
}
