import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  VolumeProjection,
} from '../../api/core/v1.gen.ts';
import { metadataField, type NodeAllocatable, resourceField } from '../env/downward-api.ts';
import { allContainers } from '../pods/pod.ts';
import type { FileProjection, Payload } from './atomic-writer.ts';
import { MissingObjectError, type ObjectCache } from './object-cache.ts';
import type { ServiceAccountTokens } from './tokens.ts';

/** Of files whose volume says nothing (the server fills it in). */
export const DEFAULT_MODE = 0o644;
const TOKEN_SECONDS = 3600;

export interface PayloadSources {
  readonly objects: ObjectCache;
  readonly tokens: ServiceAccountTokens;
  readonly allocatable: NodeAllocatable;
}

type Files = Map<string, FileProjection>;

/** The keys of a config map or secret as files: all of them, or the chosen ones. */
function keyFiles(
  data: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  defaultMode: number,
  optional: boolean,
  missing: string,
): Files {
  const files: Files = new Map();
  if (!items?.length) {
    for (const [key, value] of data) files.set(key, { data: value, mode: defaultMode });
    return files;
  }
  for (const { key, path, mode } of items) {
    const value = data.get(key);
    if (value) files.set(path, { data: value, mode: mode ?? defaultMode });
    else if (!optional) throw new Error(`${missing}: ${key}`);
  }
  return files;
}

interface ObjectFiles {
  readonly namespace: string;
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly defaultMode: number;
  readonly optional: boolean;
}

export async function configMapPayload(objects: ObjectCache, of: ObjectFiles): Promise<Payload> {
  const found = await objects.configMap(of.namespace, of.name).catch((error) => unlessOptional(error, of.optional));
  const data = found ? configMapData(found) : new Map<string, Uint8Array>();
  return keyFiles(data, of.items, of.defaultMode, of.optional, 'configmap references non-existent config key');
}

export async function secretPayload(objects: ObjectCache, of: ObjectFiles): Promise<Payload> {
  const found = await objects.secret(of.namespace, of.name).catch((error) => unlessOptional(error, of.optional));
  const data = found ? secretData(found) : new Map<string, Uint8Array>();
  return keyFiles(data, of.items, of.defaultMode, of.optional, 'references non-existent secret key');
}

function unlessOptional(error: unknown, optional: boolean): undefined {
  if (optional && error instanceof MissingObjectError) return undefined;
  throw error;
}

function configMapData({ data = {}, binaryData = {} }: ConfigMap): Map<string, Uint8Array> {
  const out = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(data)) out.set(key, Buffer.from(text));
  for (const [key, base64] of Object.entries(binaryData)) out.set(key, Buffer.from(base64, 'base64'));
  return out;
}

function secretData({ data = {} }: Secret): Map<string, Uint8Array> {
  return new Map(Object.entries(data).map(([key, base64]) => [key, Buffer.from(base64, 'base64')]));
}

/** Fields of the pod's metadata and of its containers' resources as files. */
export function downwardPayload(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[] | undefined,
  defaultMode: number,
  allocatable: NodeAllocatable,
): Payload {
  const files: Files = new Map();
  const errors: string[] = [];
  for (const { path, mode = defaultMode, fieldRef, resourceFieldRef } of items ?? []) {
    try {
      const text = fieldRef
        ? metadataField(pod, fieldRef.fieldPath)
        : resourceFieldRef && resourceField(pod, undefined, resourceFieldRef, allocatable);
      if (text === undefined) throw new Error(`unsupported fieldPath: ${fieldRef?.fieldPath}`);
      files.set(path, { data: Buffer.from(text), mode });
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  throwAll(errors);
  return files;
}

/** All of a projected volume's sources together, and when its tokens must be looked at again. */
export async function projectedPayload(
  sources: PayloadSources,
  pod: Pod,
  projections: readonly VolumeProjection[] | undefined,
  defaultMode: number,
): Promise<{ readonly payload: Payload; readonly refreshAt: number | undefined }> {
  const files: Files = new Map();
  const errors: string[] = [];
  let refreshAt: number | undefined;
  const namespace = pod.metadata.namespace ?? '';
  const owner = commonUser(pod);
  for (const projection of projections ?? []) {
    try {
      const { configMap, secret, downwardAPI, serviceAccountToken } = projection;
      const of = configMap ?? secret;
      const object = {
        namespace,
        name: of?.name ?? '',
        items: of?.items,
        defaultMode,
        optional: of?.optional ?? false,
      };
      if (configMap) merge(files, await configMapPayload(sources.objects, object));
      else if (secret) merge(files, await secretPayload(sources.objects, object));
      else if (downwardAPI) merge(files, downwardPayload(pod, downwardAPI.items, defaultMode, sources.allocatable));
      else if (serviceAccountToken) {
        const { audience = '', expirationSeconds = TOKEN_SECONDS, path } = serviceAccountToken;
        const issued = await sources.tokens.get(pod, audience, expirationSeconds);
        refreshAt = Math.min(refreshAt ?? Number.MAX_SAFE_INTEGER, issued.refreshAt);
        // A token is for its pod's processes and nobody else: setGroup lets the fsGroup read it afterwards.
        const closed = owner !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
        const data = Buffer.from(issued.token);
        files.set(path, { data, mode: closed ? 0o600 : defaultMode, ...(owner !== undefined && { owner }) });
      } else {
        const [kind = ''] = Object.keys(projection);
        if (projection.clusterTrustBundle?.optional) continue;
        throw new Error(`projected volumes with a source of ${kind} are not supported by this node`);
      }
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  throwAll(errors);
  return { payload: files, refreshAt };
}

function merge(into: Files, payload: Payload): void {
  for (const [path, file] of payload) into.set(path, file);
}

/** As Kubernetes prints several errors in one. */
function throwAll(errors: readonly string[]): void {
  const distinct = [...new Set(errors)];
  if (distinct.length === 0) return;
  throw new Error(distinct.length === 1 ? distinct[0] : `[${distinct.join(', ')}]`);
}

/** The user as whom all of the pod's containers run, if it is one and is named. */
function commonUser(pod: Pod): number | undefined {
  const shared = pod.spec.securityContext?.runAsUser;
  const users = allContainers(pod).map((c) => c.securityContext?.runAsUser ?? shared);
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}
