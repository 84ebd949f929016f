/** The documents of OpenAPI that an extension API server has. */
import type { Json } from '../openapi/definitions.ts';
import { jsonDocument } from '../openapi/documents.ts';
import { openApi3Of } from '../openapi/from-v2.ts';
import { encodeGnostic } from '../openapi/gnostic.ts';
import { encodeGnostic3 } from '../openapi/gnostic3.ts';
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
  /** Of version 3, made of that of version 2 where the server has no other. */
  made: Json | undefined;
  /** The server has nothing of version 3. */
  #isLegacy = false;
  #indexTag: string | undefined;
  #partTag: string | undefined;

  /** Asks the server for what it has; what it does not tell stays as it was. Answers whether something is new. */
  async refresh(server: RemoteServer): Promise<boolean> {
    const index = await this.#refreshIndex(server);
    return (await this.#refreshPart(server)) || index;
  }

  async #refreshIndex(server: RemoteServer): Promise<boolean> {
    let status: number | undefined = 200;
    const found = await orUndefined(fetchJson(server, '/openapi/v3', JSON_TYPE, this.#indexTag), (error) => {
      status = error.status;
    });
    const isLegacy = status === 404;
    if ((found || isLegacy) && isLegacy !== this.#isLegacy) {
      this.#isLegacy = isLegacy;
      this.#partTag = undefined;
      if (isLegacy) {
        this.index = new Map();
        this.#indexTag = undefined;
      }
    }
    if (!found || found.tag === this.#indexTag) return false;
    this.index = indexOf(found.value);
    this.#indexTag = found.tag;
    return true;
  }

  async #refreshPart(server: RemoteServer): Promise<boolean> {
    const found = await orUndefined(fetchJson(server, '/openapi/v2', JSON_TYPE, this.#partTag));
    if (!found || found.tag === this.#partTag) return false;
    const { group, version } = server.service.spec;
    this.part = await orNothing(async () => {
      const part = partBelow(found.value, `/apis/${group}/${version}/`);
      // What cannot be written in protobuf would spoil the whole document for those who read that.
      const trial: Json = { ...part };
      await inSlices(encodeGnostic(trial));
      return part;
    });
    this.made = undefined;
    if (this.#isLegacy) await this.#make(found.value, `apis/${group}/${version}`);
    this.#partTag = found.tag;
    return true;
  }

  async #make(document: unknown, path: string): Promise<void> {
    this.index = new Map();
    await orNothing(async () => {
      const made = openApi3Of(document);
      await inSlices(encodeGnostic3(made));
      const { hash } = await jsonDocument(made);
      this.index = new Map([[path, `/openapi/v3/${path}?hash=${hash}`]]);
      this.made = made;
    });
  }
}

/** Undefined for what is no document. */
const orNothing = <T>(read: () => Promise<T>): Promise<T | undefined> =>
  read().catch((error: unknown) => {
    // RangeError: deeper than anything that is meant to be read.
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return undefined;
  });

/** What a server does not say is no reason to stop. */
const orUndefined = <T>(promise: Promise<T>, told?: (error: RemoteError) => void): Promise<T | undefined> =>
  promise.catch((error: unknown) => {
    if (!(error instanceof RemoteError)) throw error;
    told?.(error);
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
