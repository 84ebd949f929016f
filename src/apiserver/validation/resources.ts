import type { ResourceRequirements } from '../../api/core/v1.gen.ts';
import { qualifiedNameProblems } from '../../api/names.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { compareQuantities, quantityMilliValue, quantityValue } from '../../schema/quantity.ts';
import { checkLabel1123, checkNonNegativeQuantity, checkQualifiedName, type Found } from './values.ts';

const containerResources = ['cpu', 'memory', 'ephemeral-storage'];
const integerResources = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const standard: ReadonlySet<string> = new Set([
  ...containerResources,
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  ...integerResources,
  'storage',
  'requests.storage',
]);
const quotaResources: ReadonlySet<string> = new Set([...standard].filter((name) => name !== 'storage'));

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
const isStandard = (name: string): boolean => standard.has(name) || isHugePages(name);
/** Whether more of it may be asked for in total than there is. */
const mayOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);

function isExtended(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false;
  return qualifiedNameProblems(`requests.${name}`).length === 0;
}

/** Any resource, of containers or quotas. */
export function checkResourceName(name: string, path: Path, found: Found): boolean {
  const before = found.length;
  checkQualifiedName(name, path, found);
  if (found.length > before) return false;
  if (!name.includes('/') && !isStandard(name)) {
    found.push(fieldErrors.invalid(path, name, 'must be a standard resource type or fully qualified'));
  }
  return found.length === before;
}

export function checkContainerResourceName(name: string, path: Path, found: Found): void {
  checkResourceName(name, path, found);
  if (!name.includes('/')) {
    if (!containerResources.includes(name) && !isHugePages(name)) {
      found.push(fieldErrors.invalid(path, name, 'must be a standard resource for containers'));
    }
  } else if (!isNative(name) && !isExtended(name)) {
    found.push(fieldErrors.invalid(path, name, "doesn't follow extended resource name standard"));
  }
}

function checkPodResourceName(name: string, path: Path, found: Found): void {
  if (!checkResourceName(name, path, found)) return;
  if (name !== 'cpu' && name !== 'memory' && !isHugePages(name)) {
    found.push(fieldErrors.notSupported(path, name, ['cpu', 'hugepages-', 'memory']));
  }
}

export const isStandardQuota = (name: string): boolean =>
  quotaResources.has(name) || /^(requests\.)?hugepages-/.test(name);

export function checkQuotaResourceName(name: string, path: Path, found: Found): void {
  const before = found.length;
  checkQualifiedName(name, path, found);
  if (name.includes('/')) return;
  if (found.length === before && !isStandard(name)) {
    found.push(fieldErrors.invalid(path, name, 'must be a standard resource type or fully qualified'));
  }
  if (!isStandardQuota(name)) {
    found.push(fieldErrors.invalid(path, name, 'must be a standard resource for quota'));
  }
}

export function checkQuantity(name: string, amount: string, path: Path, found: Found): void {
  checkNonNegativeQuantity(amount, path, found);
  if ((integerResources.includes(name) || isExtended(name)) && quantityMilliValue(amount) % 1000n !== 0n) {
    found.push(fieldErrors.invalid(path, amount, 'must be an integer'));
  }
}

/** "hugepages-2Mi" are had by the page. */
function isWholePages(name: string, amount: string): boolean {
  try {
    const page = quantityValue(name.slice('hugepages-'.length));
    return page > 0n && quantityValue(amount) % page === 0n;
  } catch {
    return false;
  }
}

type Kind = 'container' | 'pod';
const lists = ['limits', 'requests'] as const;

/** Of a container, of a whole pod, and what a pod adds to its containers. */
export function checkResources(
  resources: ResourceRequirements | undefined,
  claims: ReadonlySet<string> | undefined,
  path: Path,
  found: Found,
  kind: Kind = 'container',
): void {
  if (!resources) return;
  let compute = false;
  let pages = false;
  for (const child of lists) {
    const list = resources[child];
    if (!list) continue;
    const listPath = path.child(child);
    for (const name of Object.keys(list)) {
      const amount = list[name] ?? '';
      const at = listPath.key(name);
      if (kind === 'pod') checkPodResourceName(name, at, found);
      else checkContainerResourceName(name, at, found);
      checkQuantity(name, amount, at, found);
      if (name === 'cpu' || name === 'memory') compute = true;
      if (isHugePages(name)) {
        pages = true;
        if (!isWholePages(name, amount)) {
          found.push(fieldErrors.invalid(at, amount, `${amount} is not positive integer multiple of ${name}`));
        }
      }
      if (child === 'requests') checkAgainstLimit(name, amount, limitOf(resources, name), path, found);
    }
  }
  if (pages && !compute) found.push(fieldErrors.forbidden(path, 'HugePages require cpu or memory'));
  if (resources.claims) checkClaims(resources.claims, claims ?? new Set(), path.child('claims'), found);
}

/** Names are the client's: "constructor" is one like any other. */
const limitOf = ({ limits = {} }: Pick<ResourceRequirements, 'limits'>, name: string): string | undefined =>
  Object.hasOwn(limits, name) ? limits[name] : undefined;

function checkAgainstLimit(name: string, amount: string, limit: string | undefined, path: Path, found: Found): void {
  const at = path.child('requests');
  if (limit === undefined) {
    if (mayOvercommit(name)) return;
    found.push(fieldErrors.required(path.child('limits'), 'Limit must be set for non overcommitable resources'));
    return;
  }
  const order = compareQuantities(amount, limit);
  if (order !== 0 && !mayOvercommit(name)) {
    found.push(fieldErrors.invalid(at, amount, `must be equal to ${name} limit of ${limit}`));
  } else if (order > 0) {
    found.push(fieldErrors.invalid(at, amount, `must be less than or equal to ${name} limit of ${limit}`));
  }
}

function checkClaims(
  claims: NonNullable<ResourceRequirements['claims']>,
  known: ReadonlySet<string>,
  path: Path,
  found: Found,
): void {
  const seen = new Set<string>();
  for (const [i, { name, request }] of claims.entries()) {
    const at = path.index(i);
    if (!name) {
      found.push(fieldErrors.required(at));
      continue;
    }
    if (seen.has(name)) found.push(fieldErrors.duplicate(at, name));
    else {
      if (request) checkLabel1123(request, at.child('request'), found);
      const key = request ? `${name}/${request}` : name;
      if (seen.has(key)) found.push(fieldErrors.duplicate(at, key));
      else if (!request && [...seen].some((other) => other.startsWith(`${name}/`))) {
        found.push(fieldErrors.duplicate(at, name));
      }
      seen.add(key);
    }
    if (!known.has(name)) {
      const names = known.size > 0 ? `: ${[...known].sort().join(', ')}` : ' which is empty';
      const { body, ...error } = fieldErrors.notFound(at, name);
      found.push({ ...error, body: `${body}: must be one of the names in pod.spec.resourceClaims${names}` });
    }
  }
}

/** spec.overhead, and a runtime class's: complaints are told as of limits. */
export function checkOverhead(overhead: Readonly<Record<string, string>>, path: Path, found: Found): void {
  checkResources({ limits: overhead }, undefined, path, found);
}
