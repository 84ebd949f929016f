/** What an extension API server says that it has. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { UserInfo } from '../user.ts';
import { aggregatorUser, RemoteError, type RemoteServer } from './remote-server.ts';

const FETCH_MS = 5_000;
/** A request of a controller may take as long as one of any client. */
const ASK_MS = 60_000;
/** More is nobody's list of resources. */
const MAX_BYTES = 16 * 1024 * 1024;

const ACCEPT =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

/** An entry of APIVersionDiscovery's `resources`. */
export type DiscoveredResource = Readonly<Record<string, unknown>>;

/** The resources of the server's group-version, as aggregated discovery has them. Rejects with a RemoteError. */
export async function fetchResources(server: RemoteServer): Promise<readonly DiscoveredResource[]> {
  const { group = '', version = '' } = server.service.spec;
  const { value: all } = await fetchJson(server, '/apis', ACCEPT).catch(() => ({ value: undefined }));
  if (record(all)?.kind === 'APIGroupDiscoveryList') {
    const found = records(all, 'items').find((item) => record(item.metadata)?.name === group);
    const own = found && records(found, 'versions').find((one) => one.version === version);
    if (own) return records(own, 'resources');
  }
  const { value: list } = await fetchJson(server, `/apis/${group}/${version}`, 'application/json');
  return fromLegacy(records(list, 'resources'));
}

export interface Fetched {
  /** Undefined where the tag is the one already known. */
  readonly value: unknown;
  /** The server's ETag, or a hash of the text. */
  readonly tag: string;
}

/** The JSON at a path of an extension API server, unless its tag is `known`. Rejects with a RemoteError. */
export async function fetchJson(server: RemoteServer, path: string, accept: string, known = ''): Promise<Fetched> {
  const signal = AbortSignal.timeout(FETCH_MS);
  const headers = { accept, ...(/^(W\/)?"/.test(known) && { 'if-none-match': known }) };
  const answer = await server.ask({ method: 'GET', path, headers, user: aggregatorUser, signal });
  if (answer.statusCode === 304 && known !== '') {
    answer.resume();
    return { value: undefined, tag: known };
  }
  if (answer.statusCode !== 200) {
    answer.destroy();
    throw new RemoteError(`bad status from ${path}: ${answer.statusCode}`, answer.statusCode);
  }
  try {
    const text = await textOf(answer);
    const tag = answer.headers.etag ?? createHash('sha256').update(text).digest('hex');
    return { value: tag === known ? undefined : JSON.parse(text), tag };
  } catch (error) {
    throw new RemoteError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export interface Answer {
  readonly status: number;
  /** The text where it is not JSON. */
  readonly value: unknown;
}

/** What a server answers to a user, whatever its status. Rejects with a RemoteError. */
export async function askJson(server: RemoteServer, user: UserInfo, method: string, path: string): Promise<Answer> {
  const signal = AbortSignal.timeout(ASK_MS);
  const answer = await server.ask({ method, path, headers: { accept: 'application/json' }, user, signal });
  let text: string;
  try {
    text = await textOf(answer);
  } catch (error) {
    throw new RemoteError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const status = answer.statusCode ?? 0;
  try {
    return { status, value: JSON.parse(text) };
  } catch {
    return { status, value: text };
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    // Without an encoding, streams of HTTP give buffers.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BYTES) throw new RemoteError(`the answer is longer than ${MAX_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An APIResourceList's resources, with their subresources below them. */
function fromLegacy(list: readonly DiscoveredResource[]): DiscoveredResource[] {
  const kindOf = ({ group = '', version = '', kind }: DiscoveredResource) => ({ group, version, kind });
  return list
    .filter(({ name }) => typeof name === 'string' && !name.includes('/'))
    .map((one) => {
      const subresources = list
        .filter(({ name }) => typeof name === 'string' && name.startsWith(`${one.name}/`))
        .map((sub) => ({
          subresource: String(sub.name).slice(String(one.name).length + 1),
          responseKind: kindOf(sub),
          verbs: sub.verbs,
        }));
      return {
        resource: one.name,
        responseKind: kindOf(one),
        scope: one.namespaced === true ? 'Namespaced' : 'Cluster',
        singularResource: one.singularName ?? '',
        verbs: one.verbs,
        ...(Array.isArray(one.shortNames) && { shortNames: one.shortNames }),
        ...(Array.isArray(one.categories) && { categories: one.categories }),
        ...(subresources.length > 0 && { subresources }),
      };
    });
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The objects in a member that is a list. */
function records(value: unknown, member: string): readonly Readonly<Record<string, unknown>>[] {
  const list = record(value)?.[member];
  if (!Array.isArray(list)) return [];
  return list.map(record).filter((one) => one !== undefined);
}
