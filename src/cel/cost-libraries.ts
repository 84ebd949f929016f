/** Estimates of calls of the libraries: Kubernetes' own, and cel-go's of lists and sets. */
import { add, type CostNode, type Estimate, fixed, MOST, multiply, scale, union } from './estimate.ts';

const TRAVERSAL = 0.1;
const REGEX = 0.25;
const LIST_BASE = 10;
const STRUCT_BASE = 40;
const MAX_NAMED_FORMAT_REGEX = 128;
const MAX_FORMAT = 64;

interface CallEstimate {
  readonly cost: Estimate;
  /** Of the result. */
  readonly size?: Estimate;
}
type SizeOf = (node: CostNode) => Estimate;
type Args = { target: CostNode | undefined; args: readonly CostNode[]; overload: string; size: SizeOf };
type Rule = (call: Args) => CallEstimate | undefined;

const unit: Rule = () => ({ cost: fixed(1) });
const scanned = (sz: Estimate): CallEstimate => ({ cost: scale(sz, TRAVERSAL), size: sz });

const scanArgument: Rule = ({ args: [text], size }) => text && { cost: scale(size(text), TRAVERSAL) };
const scanTarget: Rule = ({ target, size }) => target && scanned(size(target));

/** The elements of a list as a thing of their own. */
function elementOf(list: CostNode): CostNode | undefined {
  const [type] = list.type.params;
  if (!type) return undefined;
  return { path: list.path.length > 0 ? [...list.path, '@items'] : [], type, expr: list.expr };
}

const walk: Rule = ({ target, size }) => {
  if (!target) return undefined;
  const element = elementOf(target);
  if (!element) return { cost: scale(size(target), TRAVERSAL) };
  const text = element.type.kind === 'string' || element.type.kind === 'bytes';
  const each = text ? add(fixed(1), scale(size(element), TRAVERSAL)) : fixed(1);
  return { cost: multiply(size(target), each) };
};

const selector: Rule = ({ args: [text], size }) => {
  if (!text) return undefined;
  const length = size(text);
  const requirements = scale(scale(length, 0.5), LIST_BASE + STRUCT_BASE);
  return { cost: add(add(fixed(LIST_BASE), scale(length, TRAVERSAL)), requirements) };
};

const replace: Rule = ({ target, args: [old, by], size }) => {
  if (!target || !old || !by) return undefined;
  const [text, from, to] = [size(target), size(old), size(by)];
  const count = { min: 0, max: 0 };
  const kept = { min: 0, max: 0 };
  if (from.min === 0) {
    count.max = text.max + 1;
    kept.max = text.max;
  } else if (to.max <= from.min) kept.max = text.max;
  else count.max = Math.ceil(text.max / from.min);
  if (from.max === 0) {
    count.min = text.min + 1;
    kept.min = text.min;
  } else if (from.max <= to.min) kept.min = text.min;
  else count.min = Math.ceil(text.min / from.max);
  return { cost: scale(text, 2 * TRAVERSAL), size: add(multiply(count, to), kept) };
};

const split: Rule = ({ target, args, size }) => {
  if (!target) return undefined;
  const text = size(target);
  const limit = args[1]?.expr;
  const max = limit?.kind === 'literal' && typeof limit.value === 'number' ? limit.value : text.max;
  return { cost: scale(text, 2 * TRAVERSAL), size: { min: 0, max: max < 0 ? MOST : max } };
};

const join: Rule = ({ target, args: [separator], size }) => {
  if (!target) return undefined;
  const list = size(target);
  const element = elementOf(target);
  let result = element ? multiply(list, size(element)) : fixed(0);
  if (separator) {
    const gaps = { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) };
    result = add(result, multiply(size(separator), gaps));
  }
  return { cost: scale(result, TRAVERSAL), size: result };
};

const find: Rule = ({ target, args: [pattern], size }) => {
  if (!target || !pattern) return undefined;
  const text = size(target);
  const cost = multiply(scale(add(text, fixed(1)), TRAVERSAL), scale(size(pattern), REGEX));
  return { cost, size: { min: 0, max: text.max } };
};

const address: Estimate = { min: 4, max: 16 };
const contains =
  (cidr: boolean): Rule =>
  ({ args: [other], overload, size }) => {
    if (!other) return undefined;
    let cost = scale(add(address, address), TRAVERSAL);
    if (cidr) cost = add(add(cost, scale(address, TRAVERSAL)), fixed(1));
    return { cost: overload.endsWith('_string') ? add(cost, scale(size(other), TRAVERSAL)) : cost };
  };

const equality: Rule = ({ args: [left, right] }) => {
  if (!left || !right || left.type.name !== right.type.name) return undefined;
  const { name } = left.type;
  if (name === 'kubernetes.NamedFormat') return { cost: scale({ min: 1, max: MAX_FORMAT }, TRAVERSAL) };
  if (name === 'kubernetes.URL') {
    const sized = left.size && right.size ? union(left.size, right.size) : fixed(1);
    return { cost: scale({ min: 1, max: sized.max }, TRAVERSAL) };
  }
  const constant =
    name.startsWith('kubernetes.authorization.') ||
    ['kubernetes.Quantity', 'kubernetes.Semver', 'net.IP', 'net.CIDR'].includes(name);
  return constant ? { cost: fixed(1) } : undefined;
};

const each = (names: string, rule: Rule): [string, Rule][] => names.split(' ').map((name) => [name, rule]);

const byFunction = new Map<string, Rule>([
  ['check', () => ({ cost: fixed(350_000) })],
  ...each('serviceAccount path group resource subresource namespace name allowed reason error errored', unit),
  ...each('fieldSelector labelSelector', selector),
  ...each('isSorted sum max min indexOf lastIndexOf', walk),
  ...each('url jsonpatch.escapeKey', ({ args: [text], size }) => text && scanned(size(text))),
  ...each('lowerAscii upperAscii substring trim', scanTarget),
  ['replace', replace],
  ['split', split],
  ['join', join],
  ...each('find findAll', find),
  ...each('cidr isIP isCIDR quantity isQuantity semver isSemver', scanArgument),
  ['ip', (call) => (call.overload === 'cidr_ip' ? { cost: fixed(1) } : scanArgument(call))],
  ['ip.isCanonical', ({ args: [text], size }) => text && { cost: scale(size(text), 2 * TRAVERSAL) }],
  ...each('masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast', unit),
  ...each('isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan', unit),
  ...each('compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery', unit),
  ['containsIP', contains(false)],
  ['containsCIDR', contains(true)],
  [
    'validate',
    ({ args: [text], size }) => text && { cost: scale(scale(size(text), TRAVERSAL), MAX_NAMED_FORMAT_REGEX * REGEX) },
  ],
  ['_==_', equality],
]);

/** A call that makes a list. */
const allocating = (factor: number, size: Estimate): CallEstimate => ({
  cost: add(scale(size, factor), fixed(1 + LIST_BASE)),
  size,
});

/** The int an argument is written as. */
function written(node: CostNode | undefined, otherwise: number): number {
  const { expr } = node ?? {};
  return expr?.kind === 'literal' && typeof expr.value === 'number' ? Math.max(0, expr.value) : otherwise;
}

/** Of unsigned numbers: less than nothing is the most there is. */
const difference = (a: number, b: number): number => (a < b ? MOST : a - b);

const sets =
  (factor: number): Rule =>
  ({ args: [a, b], size }) =>
    a && b && { cost: add(scale(multiply(size(a), size(b)), factor), fixed(1)) };

const sorted = (overload: string, list: CostNode, size: SizeOf): CallEstimate => {
  const text = overload.startsWith('list_string') || overload.startsWith('list_bytes');
  return allocating(text ? 2 + TRAVERSAL : 2, multiply(size(list), size(list)));
};

const byOverload = new Map<string, Rule>([
  ...each('list_sets_contains_list list_sets_intersects_list', sets(1)),
  ['list_sets_equivalent_list', sets(2)],
  [
    'list_slice',
    ({ target, args, size }) =>
      target && allocating(1, fixed(difference(written(args[1], size(target).max), written(args[0], 0)))),
  ],
  ['lists_range', ({ args }) => allocating(1, fixed(written(args[0], MOST)))],
  ['list_reverse', ({ target, size }) => target && allocating(1, size(target))],
  ['list_flatten', ({ target, size }) => target && allocating(1, size(target))],
  ['list_flatten_int', ({ target, args, size }) => target && allocating(written(args[0], MOST), size(target))],
  ['list_distinct', ({ target, size }) => target && allocating(2, multiply(size(target), size(target)))],
]);

/** The estimate of a library's call, its arguments' own cost left out; undefined of the language's own functions. */
export function estimateLibraryCall(
  name: string,
  overload: string,
  target: CostNode | undefined,
  args: readonly CostNode[],
  size: SizeOf,
): CallEstimate | undefined {
  const call = { target, args, overload, size };
  if (target && name === 'sort') return sorted(overload, target, size);
  if (name === '@sortByAssociatedKeys' && args[0]) return sorted(overload, args[0], size);
  return byOverload.get(overload)?.(call) ?? byFunction.get(name)?.(call);
}
