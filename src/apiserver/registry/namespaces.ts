import type { Namespace } from '../../api/core/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import type { RegistryHooks } from './hooks.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

/**
 * Namespaces end in two steps: the namespace controller empties them and then, with the finalize subresource,
 * spec.finalizers; only then may they go.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
 */
export const namespaceHooks: RegistryHooks = {
  async beginCreate(object: Mutable<KubeObject>) {
    // The registry calls this for Namespaces.
    const namespace = object as Mutable<Namespace>;
    const finalizers = namespace.spec?.finalizers ?? [];
    if (!finalizers.includes('kubernetes')) {
      namespace.spec = { ...namespace.spec, finalizers: [...finalizers, 'kubernetes'] };
    }
    label(object);
    return undefined;
  },
  async beginUpdate(object: Mutable<KubeObject>) {
    label(object);
    return undefined;
  },
  deletableDuringUpdate: (object) => !(object as Namespace).spec?.finalizers?.length,
};

/** Every namespace can be selected by its name. */
function label({ metadata }: Mutable<KubeObject>): void {
  if (!metadata.name || metadata.labels?.[NAME_LABEL] === metadata.name) return;
  metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}
