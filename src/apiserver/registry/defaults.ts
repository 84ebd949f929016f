import type { KubeObject, Mutable } from '../../api/resource.ts';
import { decode } from '../../schema/decode.ts';
import { deepEqual } from '../../schema/equal.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import type { ServedResource } from '../core.ts';
import type { SubresourceStrategy } from '../strategy.ts';

/**
 * What kinds do that bring no strategy of their own: status belongs to the status subresource, and generation counts
 * the changes of everything else.
 */
export function defaultPrepareForCreate(resource: ServedResource, object: Mutable<KubeObject>): void {
  if (!hasStatus(resource)) return;
  const fields = fieldsOf(object);
  const field = resource.schema.fields.get('status');
  if (field?.always && field.schema.node === 'object') {
    fields.status = decode(field.schema, {}, { defaults: true }).object;
  } else delete fields.status;
  object.metadata.generation = 1;
}

export function defaultPrepareForUpdate(resource: ServedResource, object: Mutable<KubeObject>, old: KubeObject): void {
  if (!hasStatus(resource)) return;
  const fields = fieldsOf(object);
  const before = fieldsOf(old);
  copy(fields, before, 'status');
  if (!deepEqual(fields.spec, before.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

const hasStatus = (resource: ServedResource): boolean => resource.data.subresources?.status !== undefined;

/** Objects as maps of fields; every object is one. */
function fieldsOf(object: object): JsonObject {
  if (!isJsonObject(object)) throw new Error('not an object');
  return object;
}

function copy(to: JsonObject, from: JsonObject, field: string): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

/** The status of kinds whose strategy says nothing about it: metadata and status are the client's, the rest stays. */
const statusOnly: SubresourceStrategy<KubeObject> = {
  prepareForUpdate: (object, old) => {
    const fields = fieldsOf(object);
    const before = fieldsOf(old);
    for (const field of new Set([...Object.keys(fields), ...Object.keys(before)])) {
      if (field !== 'metadata' && field !== 'status') copy(fields, before, field);
    }
  },
};

/** Namespaces' finalize: only spec.finalizers is the client's. */
const finalizersOnly: SubresourceStrategy<KubeObject> = {
  prepareForUpdate: (object, old) => {
    const fields = fieldsOf(object);
    const before = fieldsOf(old);
    const spec = isJsonObject(fields.spec) ? fields.spec : {};
    const { finalizers: _, ...rest } = isJsonObject(before.spec) ? before.spec : {};
    copy(fields, before, 'status');
    fields.spec = spec.finalizers === undefined ? rest : { ...rest, finalizers: spec.finalizers };
  },
};

export function subresourceStrategy(resource: ServedResource, name: string): SubresourceStrategy<KubeObject> {
  const own = resource.strategy.subresources?.[name];
  if (own) return own;
  return name === 'finalize' ? finalizersOnly : statusOnly;
}
