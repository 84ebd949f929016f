import type { NamespaceCondition } from '../../api/core/v1.gen.ts';
import type { GroupResource } from '../../api/resource.ts';
import { formatTime } from '../../schema/time.ts';

/** What a pass over a namespace's content left behind. */
export interface Remains {
  readonly resources: readonly { readonly resource: GroupResource; readonly count: number }[];
  /** How many objects wait for each finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
  readonly errors: readonly string[];
  /** Group-versions of extension API servers of which nobody knows now what they have. */
  readonly undiscovered: readonly string[];
}

/** client-go's words for discovery that is not complete. */
export const discoveryProblem = (undiscovered: readonly string[]): string =>
  `unable to retrieve the complete list of server APIs: ${undiscovered
    .map((version) => `${version}: stale GroupVersion discovery: ${version}`)
    .sort()
    .join(', ')}`;

interface Finding {
  readonly reason: string;
  readonly message: string;
}

const types = {
  NamespaceDeletionDiscoveryFailure: ['ResourcesDiscovered', 'All resources successfully discovered'],
  NamespaceDeletionGroupVersionParsingFailure: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
  NamespaceDeletionContentFailure: [
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ],
  NamespaceContentRemaining: ['ContentRemoved', 'All content successfully removed'],
  NamespaceFinalizersRemaining: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
} as const;

/** The conditions of a namespace that is being deleted; the given array itself when they say so already. */
export function deletionConditions(
  conditions: readonly NamespaceCondition[],
  remains: Remains,
  now: number,
): readonly NamespaceCondition[] {
  const findings = failures(remains);
  const result = [...conditions];
  let changed = false;
  for (const [type, [reason, message]] of Object.entries(types)) {
    const failure = findings[type];
    const status = failure ? 'True' : 'False';
    const wanted = failure ?? { reason, message };
    const at = result.findIndex((condition) => condition.type === type);
    const old = result[at];
    if (old && old.status === status && old.reason === wanted.reason && old.message === wanted.message) continue;
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(now);
    const condition = { type, status, lastTransitionTime, ...wanted };
    if (old) result[at] = condition;
    else result.push(condition);
    changed = true;
  }
  return changed ? result : conditions;
}

function failures({ resources, finalizers, errors, undiscovered }: Remains): Readonly<Record<string, Finding>> {
  const list = (texts: readonly string[]) => [...texts].sort().join(', ');
  const left = resources.map(
    ({ resource, count }) => `${resource.resource}.${resource.group} has ${count} resource instances`,
  );
  const waiting = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  return {
    ...(undiscovered.length > 0 && {
      NamespaceDeletionDiscoveryFailure: {
        reason: 'DiscoveryFailed',
        message: `Discovery failed for some groups, ${undiscovered.length} failing: ${discoveryProblem(undiscovered)}`,
      },
    }),
    ...(errors.length > 0 && {
      NamespaceDeletionContentFailure: {
        reason: 'ContentDeletionFailed',
        message: `Failed to delete all resource types, ${errors.length} remaining: ${list(errors)}`,
      },
    }),
    ...(left.length > 0 && {
      NamespaceContentRemaining: {
        reason: 'SomeResourcesRemain',
        message: `Some resources are remaining: ${list(left)}`,
      },
    }),
    ...(waiting.length > 0 && {
      NamespaceFinalizersRemaining: {
        reason: 'SomeFinalizersRemain',
        message: `Some content in the namespace has finalizers remaining: ${list(waiting)}`,
      },
    }),
  };
}
