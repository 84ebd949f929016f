import type { Namespace, Node } from '../../api/core/v1.gen.ts';
import { labelValueProblems } from '../../api/names.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { familyOfRange } from '../../utils/ip.ts';
import { checkTaintEffect } from './pod-scheduling.ts';
import { checkQuantity } from './resources.ts';
import { checkCidr, checkQualifiedName, type Found } from './values.ts';

const SPEC = Path.of('spec');
const STATUS = Path.of('status');

export function validateNamespace({ spec }: Namespace): Found {
  const found: Found = [];
  for (const finalizer of spec.finalizers ?? []) {
    checkQualifiedName(finalizer, SPEC.child('finalizers'), found);
    if (finalizer.includes('/') || finalizer === 'kubernetes' || finalizer === 'orphan') continue;
    const why = 'name is neither a standard finalizer name nor is it fully qualified';
    found.push(fieldErrors.invalid(SPEC.child('finalizers'), finalizer, why));
  }
  return found;
}

const featurePattern = /^[A-Z][A-Za-z0-9]*(\/[A-Za-z0-9]+)*$/;

/** What may be written of a node, by whoever registers it. */
export function validateNode({ spec, status }: Node): Found {
  const found: Found = [];
  const taints = Path.of('metadata', 'taints');
  const seen = new Set<string>();
  for (const [i, { key, value, effect, timeAdded }] of (spec.taints ?? []).entries()) {
    const at = taints.index(i);
    checkQualifiedName(key, at.child('key'), found);
    const problems = labelValueProblems(value ?? '');
    if (problems.length > 0) found.push(fieldErrors.invalid(at.child('value'), value, problems.join(';')));
    if (!effect) found.push(fieldErrors.required(at.child('effect')));
    else checkTaintEffect(effect, at.child('effect'), found);
    const pair = `${key}/${effect}`;
    if (seen.has(pair)) {
      const shown = { Key: key, Value: value ?? '', Effect: effect, TimeAdded: timeAdded ?? null };
      const { body, ...error } = fieldErrors.duplicate(at, shown);
      found.push({ ...error, body: `${body}: taints must be unique by key and effect pair` });
    }
    seen.add(pair);
  }
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, amount] of Object.entries(status.capacity && status[list] ? status[list] : {})) {
      const at = STATUS.child(list).key(name);
      checkQuantity(name, amount, at, found);
    }
  }
  for (const [i, cidr] of podCidrs(spec).entries()) checkCidr(cidr, SPEC.child('podCIDRs').index(i), found);
  const cidrs = podCidrs(spec);
  if (cidrs.length > 1 && (cidrs.length > 2 || new Set(cidrs.map(familyOfRange)).size < 2)) {
    const why = 'may specify no more than one CIDR for each IP family';
    found.push(fieldErrors.invalid(SPEC.child('podCIDRs'), cidrs, why));
  }
  checkFeatures(status.declaredFeatures ?? [], STATUS.child('declaredFeatures'), found);
  return found;
}

function checkFeatures(features: readonly string[], path: Path, found: Found): void {
  for (const [i, feature] of features.entries()) {
    const problem = featureProblem(feature);
    if (problem !== undefined) {
      found.push(fieldErrors.invalid(path.index(i), feature, `invalid feature name ${quote(feature)}: ${problem}`));
    }
    const next = features[i + 1];
    if (next === undefined) continue;
    if (feature === next) found.push(fieldErrors.duplicate(path.index(i + 1), next));
    else if (feature > next) {
      found.push(fieldErrors.invalid(path.index(i + 1), next, 'list must be sorted alphabetically'));
    }
  }
}

function featureProblem(feature: string): string | undefined {
  if (Buffer.byteLength(feature) > 253) return 'must be no more than 253 characters';
  return featurePattern.test(feature)
    ? undefined
    : "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
}

/** podCIDR is the older field, and has its way. */
const podCidrs = ({ podCIDR, podCIDRs }: Node['spec']): readonly string[] =>
  podCIDR && podCIDRs?.[0] !== podCIDR ? [podCIDR] : (podCIDRs ?? []);

export function validateNodeUpdate(node: Node, old: Node): Found {
  // Kubernetes looks twice at all but the ranges of addresses.
  return [...validateNode(node), ...validateNodeStatusUpdate(node, old)];
}

/** What a kubelet tells of its node. */
export function validateNodeStatusUpdate(node: Node, old: Node): Found {
  const found = validateNode(node).filter(({ field }) => !field.startsWith('spec.podCIDRs'));
  const addresses = new Set<string>();
  for (const [i, { type, address }] of (node.status.addresses ?? []).entries()) {
    const key = JSON.stringify([type, address]);
    if (addresses.has(key)) {
      found.push(fieldErrors.duplicate(STATUS.child('addresses').index(i), { Type: type, Address: address }));
    }
    addresses.add(key);
  }
  if ((node.spec.externalID ?? '') !== (old.spec.externalID ?? '')) {
    found.push(fieldErrors.forbidden(SPEC.child('externalID'), 'may not be updated'));
  }
  const before = podCidrs(old.spec);
  if (before.length > 0 && !deepEqual(podCidrs(node.spec), before)) {
    const why = 'node updates may not change podCIDR except from "" to valid';
    found.push(fieldErrors.forbidden(SPEC.child('podCIDRs'), why));
  }
  if (old.spec.providerID && node.spec.providerID !== old.spec.providerID) {
    const why = 'node updates may not change providerID except from "" to valid';
    found.push(fieldErrors.forbidden(SPEC.child('providerID'), why));
  }
  return found;
}

/** A namespace's phase follows from whether it is being deleted. */
export function validateNamespaceStatusUpdate({ metadata, status }: Namespace): Found {
  const phase = metadata.deletionTimestamp ? 'Terminating' : 'Active';
  if (status.phase === phase) return [];
  const empty = phase === 'Active' ? 'empty' : 'not empty';
  const why = `may only be '${phase}' if \`deletionTimestamp\` is ${empty}`;
  return [fieldErrors.invalid(STATUS.child('Phase'), status.phase ?? '', why)];
}
