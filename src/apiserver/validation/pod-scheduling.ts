import type {
  Affinity,
  NodeSelector,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodAntiAffinity,
  Toleration,
  TopologySpreadConstraint,
} from '../../api/core/v1.gen.ts';
import { dns1123SubdomainProblems, labelValueProblems } from '../../api/names.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { checkLabelSelector, type Expression } from './label-selector.ts';
import { addAll, checkLabel1123, checkQualifiedName, type Found } from './values.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkTaintEffect(effect: string, path: Path, found: Found): void {
  if (!effects.includes(effect)) found.push(fieldErrors.notSupported(path, effect, effects));
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export function checkTolerations(tolerations: readonly Toleration[] | undefined, path: Path, found: Found): void {
  tolerations?.forEach(({ key, operator = '', value = '', effect, tolerationSeconds }, i) => {
    const at = path.index(i);
    if (key) checkQualifiedName(key, at.child('key'), found);
    else if ((operator as string) !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      found.push(fieldErrors.invalid(at.child('operator'), operator, why));
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      found.push(fieldErrors.invalid(at.child('effect'), effect ?? '', why));
    }
    switch (operator) {
      case '':
      case 'Equal': {
        const problems = labelValueProblems(value);
        if (problems.length > 0) found.push(fieldErrors.invalid(at.child('operator'), value, problems.join(';')));
        break;
      }
      case 'Exists':
        if (value) {
          const why = "value must be empty when `operator` is 'Exists'";
          found.push(fieldErrors.invalid(at.child('operator'), value, why));
        }
        break;
      case 'Lt':
      case 'Gt':
        // Known, and behind a feature that v1.36 has switched off.
        found.push(fieldErrors.notSupported(at.child('operator'), operator, ['Equal', 'Exists', 'Lt', 'Gt']));
        break;
      default:
        found.push(fieldErrors.notSupported(at.child('operator'), operator, ['Equal', 'Exists']));
    }
    if (effect) checkTaintEffect(effect, at.child('effect'), found);
  });
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#affinity-and-anti-affinity */
export function checkAffinity(affinity: Affinity | undefined, path: Path, found: Found): void {
  if (!affinity) return;
  const node = affinity.nodeAffinity;
  if (node) {
    const at = path.child('nodeAffinity');
    if (node.requiredDuringSchedulingIgnoredDuringExecution) {
      const terms = node.requiredDuringSchedulingIgnoredDuringExecution;
      checkNodeSelector(terms, at.child('requiredDuringSchedulingIgnoredDuringExecution'), found);
    }
    for (const [i, term] of (node.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      const termPath = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(i);
      checkWeight(term.weight, termPath, found);
      checkNodeTerm(term.preference, termPath.child('preference'), found, false);
    }
  }
  checkPodAffinity(affinity.podAffinity, path.child('podAffinity'), found);
  checkPodAffinity(affinity.podAntiAffinity, path.child('podAntiAffinity'), found);
}

function checkWeight(weight: number, path: Path, found: Found): void {
  if (!(weight >= 1 && weight <= 100)) {
    found.push(fieldErrors.invalid(path.child('weight'), weight, 'must be in the range 1-100'));
  }
}

export function checkNodeSelector(selector: NodeSelector, path: Path, found: Found): void {
  const at = path.child('nodeSelectorTerms');
  if (!selector.nodeSelectorTerms?.length) {
    found.push(fieldErrors.required(at, 'must have at least one node selector term'));
    return;
  }
  for (const [i, term] of selector.nodeSelectorTerms.entries()) checkNodeTerm(term, at.index(i), found, true);
}

/** `strict`: values must be values of labels; a preference that can never hold does no harm. */
function checkNodeTerm(term: NodeSelectorTerm, path: Path, found: Found, strict: boolean): void {
  for (const [i, expression] of (term.matchExpressions ?? []).entries()) {
    checkNodeExpression(expression, path.child('matchExpressions').index(i), found, strict);
  }
  for (const [i, { key, operator, values = [] }] of (term.matchFields ?? []).entries()) {
    const at = path.child('matchFields').index(i);
    if (operator !== 'In' && operator !== 'NotIn') {
      found.push(fieldErrors.invalid(at.child('operator'), operator ?? '', 'not a valid selector operator'));
    } else if (values.length !== 1) {
      const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
      found.push(fieldErrors.required(at.child('values'), why));
    }
    if (key !== 'metadata.name') {
      found.push(fieldErrors.invalid(at.child('key'), key ?? '', 'not a valid field selector key'));
    } else {
      for (const [j, value] of values.entries()) {
        addAll(found, at.child('values').index(j), value, dns1123SubdomainProblems(value));
      }
    }
  }
}

function checkNodeExpression(
  { key, operator, values = [] }: Expression,
  path: Path,
  found: Found,
  strict: boolean,
): void {
  const at = path.child('values');
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        found.push(fieldErrors.required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        found.push(fieldErrors.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        found.push(fieldErrors.required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      }
      break;
    default:
      found.push(fieldErrors.invalid(path.child('operator'), operator ?? '', 'not a valid selector operator'));
  }
  checkQualifiedName(key ?? '', path.child('key'), found);
  if (!strict) return;
  for (const [i, value] of values.entries()) addAll(found, at.index(i), value, labelValueProblems(value));
}

function checkPodAffinity(affinity: PodAntiAffinity | undefined, path: Path, found: Found): void {
  for (const [i, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    checkPodTerm(term, path.child('requiredDuringSchedulingIgnoredDuringExecution').index(i), found);
  }
  for (const [i, term] of (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = path.child('preferredDuringSchedulingIgnoredDuringExecution').index(i);
    checkWeight(term.weight, at, found);
    checkPodTerm(term.podAffinityTerm, at.child('podAffinityTerm'), found);
  }
}

function checkPodTerm(term: PodAffinityTerm, path: Path, found: Found): void {
  checkLabelSelector(term.labelSelector, path.child('labelSelector'), found);
  checkLabelSelector(term.namespaceSelector, path.child('namespaceSelector'), found);
  for (const name of term.namespaces ?? []) checkLabel1123(name, path.child('namespace'), found);
  checkMatchKeys(term, path, found);
  if (!term.topologyKey) found.push(fieldErrors.required(path.child('topologyKey'), 'can not be empty'));
  checkQualifiedName(term.topologyKey ?? '', path.child('topologyKey'), found);
}

/** Keys whose values the API server takes from the pod's own labels, and has put into the selector by now. */
function checkMatchKeys(
  { matchLabelKeys, mismatchLabelKeys, labelSelector }: Partial<PodAffinityTerm>,
  path: Path,
  found: Found,
): void {
  if (!matchLabelKeys?.length && !mismatchLabelKeys?.length) return;
  for (const [keys = [], field] of [
    [matchLabelKeys, 'matchLabelKeys'],
    [mismatchLabelKeys, 'mismatchLabelKeys'],
  ] as const) {
    if (keys.length === 0) continue;
    const at = path.child(field);
    if (!labelSelector) found.push(fieldErrors.forbidden(at, 'must not be specified when labelSelector is not set'));
    else for (const [i, key] of keys.entries()) checkQualifiedName(key, at.index(i), found);
  }
  const given = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const i = matchLabelKeys?.lastIndexOf(key) ?? -1;
    // Kubernetes names the term's index where it means that of the key.
    if (i >= 0 && given.has(key)) {
      found.push(fieldErrors.invalid(path.index(i), key, 'exists in both matchLabelKeys and labelSelector'));
    }
    given.add(key);
  }
  for (const [i, key] of (matchLabelKeys ?? []).entries()) {
    if (!mismatchLabelKeys?.includes(key)) continue;
    const why = 'exists in both matchLabelKeys and mismatchLabelKeys';
    found.push(fieldErrors.invalid(path.child('matchLabelKeys').index(i), key, why));
  }
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ */
export function checkTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  path: Path,
  found: Found,
): void {
  for (const [i, constraint] of (constraints ?? []).entries()) {
    const at = path.index(i);
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector } = constraint;
    if (!(maxSkew > 0)) found.push(fieldErrors.invalid(at.child('maxSkew'), maxSkew, 'must be greater than zero'));
    if (!topologyKey) found.push(fieldErrors.required(at.child('topologyKey'), 'can not be empty'));
    const actions = ['DoNotSchedule', 'ScheduleAnyway'];
    if (!actions.includes(whenUnsatisfiable)) {
      found.push(fieldErrors.notSupported(at.child('whenUnsatisfiable'), whenUnsatisfiable, actions));
    }
    const again = constraints
      ?.slice(i + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (again) {
      const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
      found.push(fieldErrors.duplicate(at.child('{topologyKey, whenUnsatisfiable}'), pair));
    }
    if (minDomains !== undefined) {
      const minPath = at.child('minDomains');
      if (minDomains <= 0) found.push(fieldErrors.invalid(minPath, minDomains, 'must be greater than zero'));
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        found.push(fieldErrors.invalid(minPath, minDomains, why));
      }
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[field];
      const policies = ['Honor', 'Ignore'];
      if (policy !== undefined && !policies.includes(policy)) {
        found.push(fieldErrors.notSupported(at.child(field), policy, policies));
      }
    }
    checkMatchKeys(constraint, at, found);
    checkLabelSelector(labelSelector, at.child('labelSelector'), found);
  }
}
