import type { Pod } from '../../../api/core/v1.gen.ts';
import type { Clock } from '../../../utils/clock.ts';
import { describeReasons, type LevelVersion, violations } from './levels.ts';
import { describe } from './policy.ts';

/** So many pods of a namespace are looked at, for so long. Milliseconds. */
const MOST_PODS = 3000;
const MOST_TIME = 1000;

/** What the owner of a namespace is told of pods that a new level would not have let in. */
export function podsBreaking(
  namespace: string,
  enforce: LevelVersion,
  pods: readonly Pod[],
  clock: Clock,
): readonly string[] {
  const began = clock.now();
  const reasons = new Map<string, { first: string; pods: number }>();
  let checked = 0;
  for (const { metadata, spec } of onePerControllerFirst(pods).slice(0, MOST_PODS)) {
    checked++;
    const broken = violations(enforce, spec, metadata.annotations);
    if (broken.length > 0) {
      const reason = describeReasons(broken);
      const seen = reasons.get(reason);
      if (!seen) reasons.set(reason, { first: metadata.name, pods: 1 });
      else {
        seen.pods++;
        if (metadata.name < seen.first) seen.first = metadata.name;
      }
    }
    if (clock.now() - began >= MOST_TIME) break;
  }
  const warnings: string[] = [];
  if (checked < pods.length)
    warnings.push(
      `new PodSecurity enforce level only checked against the first ${checked} of ${pods.length} existing pods`,
    );
  if (reasons.size > 0)
    warnings.push(
      `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${describe(enforce)}"`,
    );
  const each = [...reasons].map(([reason, { first, pods: count }]) => {
    const others = count === 1 ? '' : ` (and ${count - 1} other ${count === 2 ? 'pod' : 'pods'})`;
    return `${first}${others}: ${reason}`;
  });
  return [...warnings, ...each.sort()];
}

/** The pods of one controller are mostly alike: one of each comes before the others. */
function onePerControllerFirst(pods: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>();
  const [first, others]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) {
    const controller = pod.metadata.ownerReferences?.find((ref) => ref.controller)?.uid;
    if (controller !== undefined && seen.has(controller)) others.push(pod);
    else first.push(pod);
    if (controller !== undefined) seen.add(controller);
  }
  return [...first, ...others];
}
