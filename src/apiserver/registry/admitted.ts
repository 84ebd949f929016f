/** What is looked over once mutating admission is through with an object, and what its client is told of it. */
import type { ManagedFieldsEntry } from '../../api/meta/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionRequest } from '../admission.ts';
import type { AdmissionChain } from '../admission-chain.ts';
import type { RequestContext } from '../core.ts';

/**
 * Mutates the object, and puts right what admission made of its metadata: owners that nobody could read are those from
 * before, owner references that say the same are one. `request` is undefined where no plugin looks.
 */
export async function mutated(
  chain: AdmissionChain,
  request: (AdmissionRequest & { readonly object: Mutable<KubeObject> }) | undefined,
  object: Mutable<KubeObject>,
  context: RequestContext,
): Promise<void> {
  if (request) {
    const before = object.metadata.managedFields;
    await chain.mutate(request);
    const { managedFields } = object.metadata;
    const problem = managedFields === before ? undefined : unreadable(managedFields ?? []);
    if (problem) {
      object.metadata.managedFields = before;
      context.warn(
        `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${problem}`,
      );
    }
  }
  dropRepeatedOwners(object, context, ' after mutating admission happens');
}

/** Of owner references that say the same one is enough; the client is told. `when` says where they were found. */
export function dropRepeatedOwners(object: Mutable<KubeObject>, context: RequestContext, when = ''): void {
  const { ownerReferences } = object.metadata;
  if (!ownerReferences || ownerReferences.length < 2) return;
  const single: typeof ownerReferences = [];
  const repeated: string[] = [];
  for (const reference of ownerReferences) {
    const known = single.some((one) => one.uid === reference.uid && deepEqual(one, reference));
    if (known) repeated.push(reference.uid);
    else single.push(reference);
  }
  if (repeated.length === 0) return;
  object.metadata.ownerReferences = single;
  context.warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
}

function unreadable(entries: readonly ManagedFieldsEntry[]): string | undefined {
  for (const [i, { operation, apiVersion, fieldsType }] of entries.entries()) {
    if (operation !== 'Apply' && operation !== 'Update') return 'operation must be `Apply` or `Update`';
    if (!apiVersion) return 'apiVersion must not be empty';
    if (!fieldsType) return `missing fieldsType in managed fields entry ${i}`;
    if (fieldsType !== 'FieldsV1') return `invalid fieldsType ${quote(fieldsType)} in managed fields entry ${i}`;
  }
  return undefined;
}
