import { apiVersionOf, type KubeObject } from '../../api/resource.ts';
import { decodeKind } from '../../schema/decode.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { ServedResource, Stored } from '../core.ts';

type Shape = (metadata: KubeObject['metadata'], asConverted: boolean) => KubeObject;

const shapes = new WeakMap<ServedResource, Shape>();

/**
 * A bookmark as watchers see it: an object with nothing but how far the watch has come, in the watched version. Kinds
 * that Kubernetes has a type for show the fields which that type writes even when they are empty,
 * and `asConverted` those that its conversions fill in.
 */
export function wholeBookmark(resource: ServedResource, bookmark: Stored, asConverted = true): Stored {
  const {
    key,
    revision,
    object: { metadata },
  } = bookmark;
  let shape = shapes.get(resource);
  if (!shape) {
    shape = shapeOf(resource);
    shapes.set(resource, shape);
  }
  const object = shape(metadata, asConverted);
  return {
    key,
    revision,
    object,
    get json() {
      return Buffer.from(JSON.stringify(object));
    },
  };
}

/** What Kubernetes' own conversions write into empty objects, beside what their types do. */
const converted: Readonly<Record<string, (object: KubeObject) => object>> = {
  'apps/deployments': noReplicas,
  'apps/replicasets': noReplicas,
  'apps/statefulsets': noReplicas,
  'apps/daemonsets': ({ metadata }) => ({
    metadata: {
      ...metadata,
      annotations: { 'deprecated.daemonset.template.generation': '0', ...metadata.annotations },
    },
  }),
};

function noReplicas(object: KubeObject & { readonly spec?: object }): object {
  return { spec: { replicas: 0, ...object.spec } };
}

function shapeOf(resource: ServedResource): Shape {
  const gvk = { kind: resource.data.kind, apiVersion: apiVersionOf(resource) };
  if (resource.custom) return (metadata) => ({ ...gvk, metadata });
  const { object } = decodeKind<JsonObject & KubeObject>(resource.schema, gvk, {}, { defaults: false });
  const more = converted[`${resource.group}/${resource.data.resource}`];
  return (metadata, asConverted) => {
    const whole = { ...object, metadata };
    return more && asConverted ? { ...whole, ...more(whole) } : whole;
  };
}
