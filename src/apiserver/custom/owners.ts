import { errors } from '../../api/errors.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from '../../api/resource.ts';
import { configurationProblems } from '../../schema/configuration-problems.ts';
import type { ServedResource, Target } from '../core.ts';

/**
 * Why the owners of an object's fields cannot be kept: one of them wrote in another version, whose schema lacks what the
 * object has. Kubernetes compares each owner's fields in the owner's version, without asking a schema what to drop.
 */
export function ownersProblem(
  resource: ServedResource,
  owned: KubeObject | undefined,
  objects: readonly (KubeObject | undefined)[],
): string | undefined {
  // A webhook converts what the object has; without one only apiVersion becomes another.
  if (resource.custom?.conversion.strategy === 'Webhook') return undefined;
  const own = apiVersionOf(resource);
  const versions = new Set(owned?.metadata.managedFields?.map(({ apiVersion }) => apiVersion));
  versions.delete(own);
  for (const apiVersion of versions) {
    const gv = parseApiVersion(apiVersion ?? '');
    const other = gv?.group === resource.group ? resource.custom?.sibling(gv.version) : undefined;
    if (!other) continue;
    for (const object of objects) {
      const [problem] = object ? configurationProblems(other.schema, { ...object, apiVersion }) : [];
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** Throws for an apply that Kubernetes cannot do: what others own, or the Scale itself, cannot be had in their version. */
export function checkOwners({ resource, subresource }: Target, live: KubeObject | undefined): void {
  if (!resource.custom || !live) return;
  if (subresource === 'scale') {
    if (live.metadata.managedFields?.length) return;
    const why =
      'failed to create manager for existing fields: failed to convert live object (/; autoscaling/v1, Kind=Scale) to proper version: request to convert CR to an invalid group/version: autoscaling/v1';
    throw errors.unknown(why);
  }
  const problem = ownersProblem(resource, live, [live]);
  if (problem !== undefined) throw errors.unknown(problem);
}
