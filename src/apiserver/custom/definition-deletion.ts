import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { formatTime } from '../../schema/time.ts';
import type { ServedResource } from '../core.ts';
import { CLEANUP_FINALIZER, withCondition } from './conditions.ts';

export const isDefinitions = ({ group, data }: ServedResource): boolean =>
  group === 'apiextensions.k8s.io' && data.resource === 'customresourcedefinitions';

/**
 * The definition as its first deletion leaves it: it stays until its objects are gone. `now` in milliseconds. Undefined
 * when it has been deleted before.
 */
export function markedDefinition(object: KubeObject, now: number): Mutable<KubeObject> | undefined {
  const definition = object as CustomResourceDefinition; // by isDefinitions
  const { metadata, status } = definition;
  if (metadata.deletionTimestamp) return undefined;
  const finalizers = metadata.finalizers ?? [];
  const pending = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  };
  const marked = {
    ...definition,
    metadata: {
      ...metadata,
      deletionTimestamp: formatTime(now),
      finalizers: finalizers.includes(CLEANUP_FINALIZER) ? finalizers : [...finalizers, CLEANUP_FINALIZER],
    },
    status: { ...status, conditions: withCondition(status.conditions, pending, now) },
  };
  // Shares what it does not change with the frozen original; nobody writes into it.
  return marked as unknown as Mutable<KubeObject>;
}
