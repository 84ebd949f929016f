import { trackUpdate } from '../../api/managed-fields.ts';
import { apiVersionOf, type KubeObject, type Mutable } from '../../api/resource.ts';
import type { Target } from '../core.ts';
import type { ExpectedKind } from './body.ts';
import { setNamespace, type Write } from './registry.ts';

/**
 * What happens to every object that is sent to be created, be it one that is only answered (reviews, tokens): it is
 * of the path's namespace, what the server alone says is taken away (subresources have a use for it), and its fields
 * have an owner.
 */
export function prepareVirtual(
  object: Mutable<KubeObject>,
  target: Target,
  expected: ExpectedKind,
  tracking: Write['tracking'],
  now: number,
): void {
  const meta = object.metadata;
  setNamespace(meta, target);
  if (target.subresource === '') {
    const { uid: _uid, creationTimestamp: _made, deletionTimestamp: _gone, ...rest } = meta;
    const { deletionGracePeriodSeconds: _grace, selfLink: _link, ...kept } = rest;
    object.metadata = kept as Mutable<KubeObject>['metadata'];
  }
  if (!tracking) return;
  const entries = trackUpdate(expected.schema, undefined, object, {
    ...tracking,
    apiVersion: apiVersionOf(expected),
    now,
  });
  // Entries are made anew for every write and belong to the object.
  if (entries) object.metadata.managedFields = entries as Mutable<typeof entries>;
  else delete object.metadata.managedFields;
}
