/**
 * What a call costs when it is made: part of Kubernetes' API, since limits are in these units.
 * https://kubernetes.io/docs/reference/using-api/cel/#runtime-cost-budget
 */

import { maxFormatRegexSize } from './named-formats.ts';
import { CelList, CelMap, CelObject, type Value, valueSize } from './values.ts';

const TRAVERSAL = 0.1;
const REGEX = 0.25;
const LIST_BASE = 10;

const traversal = (size: number, factor = 1): number => Math.ceil(size * factor * TRAVERSAL);
const size = (value: Value | undefined): number => (value === undefined ? 1 : valueSize(value));
const regexCost = (text: number, pattern: number): number =>
  Math.ceil((1 + text) * TRAVERSAL) * Math.ceil(pattern * REGEX);

type Cost = (args: readonly Value[], result: Value, overload: string) => number;

const unit: Cost = () => 1;
const scan: Cost = ([text]) => traversal(size(text));
const scanTwice: Cost = ([text]) => traversal(size(text), 2);
const walk: Cost = ([list]) => (list === undefined ? 0 : walkCost(list));
const find: Cost = ([text, pattern]) => regexCost(size(text), size(pattern));
const selector: Cost = ([, text]) => {
  const length = size(text);
  return LIST_BASE + traversal(length) + Math.ceil(Math.ceil(length * 0.5) * (LIST_BASE + 40));
};
const contains =
  (cidr: boolean): Cost =>
  ([range, other], _, overload) => {
    const bytes = size(range);
    let cost = traversal(bytes + bytes);
    if (cidr) cost += traversal(bytes) + 1;
    return overload.endsWith('_string') ? cost + traversal(size(other)) : cost;
  };
const output: Cost = (_, result) => size(result) + 1 + LIST_BASE;
const selfCompare =
  (index: number): Cost =>
  (args) => {
    const list = args[index];
    const count = size(list);
    const first = list instanceof CelList && list.size > 0 ? list.at(0) : null;
    const factor = typeof first === 'string' || first instanceof Uint8Array ? 2 + TRAVERSAL : 2;
    return Math.floor(count * count * factor) + 1 + LIST_BASE;
  };
const sets =
  (factor: number): Cost =>
  ([a, b]) =>
    1 + Math.floor(size(a) * size(b) * factor);

const each = (names: string, cost: Cost): [string, Cost][] => names.split(' ').map((name) => [name, cost]);

/** By function: Kubernetes' libraries and what it counts in ways of its own. */
const byFunction = new Map<string, Cost>([
  ['check', () => 350_000],
  ...each('serviceAccount path group resource subresource namespace name allowed reason error errored', unit),
  ...each('fieldSelector labelSelector', selector),
  ...each('isSorted sum max min indexOf lastIndexOf', walk),
  ...each('url lowerAscii upperAscii substring trim jsonpatch.escapeKey cidr isIP isCIDR', scan),
  ...each('quantity isQuantity semver isSemver', scan),
  ...each('replace split ip.isCanonical', scanTwice),
  ['join', (_, result) => traversal(size(result), 2)],
  ...each('find findAll', find),
  ['ip', (args, result, overload) => (overload === 'cidr_ip' ? 1 : scan(args, result, overload))],
  ...each('masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast', unit),
  ...each(
    'isGlobalUnicast sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub',
    unit,
  ),
  ...each('major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery format.named', unit),
  ['containsIP', contains(false)],
  ['containsCIDR', contains(true)],
  ['validate', ([format, text]) => regexCost(size(text), format instanceof CelObject ? maxFormatRegexSize(format) : 0)],
]);

const shorter: Cost = ([a, b]) => traversal(Math.min(size(a), size(b)));
const both: Cost = ([a, b]) => traversal(size(a) + size(b));

/** By overload: the language's own, and its libraries of lists and sets. */
const byOverload = new Map<string, Cost>([
  ...each('list_sets_contains_list list_sets_intersects_list', sets(1)),
  ['list_sets_equivalent_list', sets(2)],
  ...each('list_slice lists_range list_reverse', output),
  ['list_flatten', ([list]) => size(list) + 1 + LIST_BASE],
  ['list_flatten_int', ([list, depth]) => size(list) * Number(depth) + 1 + LIST_BASE],
  ['list_distinct', selfCompare(0)],
  ...each('starts_with_string ends_with_string string_to_bytes bytes_to_string strings_quote string_format', scan),
  ['in_list', ([, list]) => size(list)],
  ...each('less_string greater_string less_equals_string greater_equals_string', shorter),
  ...each('less_bytes greater_bytes less_equals_bytes greater_equals_bytes', shorter),
  ...each('add_string add_bytes', both),
  ['matches_string', find],
  ['contains_string', ([text, part]) => traversal(size(text)) * traversal(size(part))],
]);

/** Of a call made. The overload is '' where the types leave it open. */
export function callCost(name: string, overload: string, args: readonly Value[], result: Value): number {
  if (overload.startsWith('list_') && overload.endsWith('_sort')) return selfCompare(0)(args, result, overload);
  if (overload.endsWith('_sortByAssociatedKeys')) return selfCompare(1)(args, result, overload);
  if (name === '_==_' || name === '_!=_') {
    if (name === '_==_' && args[0] instanceof CelObject) return 1;
    return shorter(args, result, overload);
  }
  const library = overload.startsWith('list_sets') || libraryLists.has(overload) ? undefined : byFunction.get(name);
  return (library ?? byOverload.get(overload) ?? unit)(args, result, overload);
}

const byResult: ReadonlySet<string> = new Set(['join', 'list_slice', 'lists_range', 'list_reverse']);

/** Whether what a call costs is known only when it was made. */
export const costsByResult = (name: string, overload: string): boolean => byResult.has(name) || byResult.has(overload);

const libraryLists = new Set([
  'list_slice',
  'lists_range',
  'list_reverse',
  'list_flatten',
  'list_flatten_int',
  'list_distinct',
]);

/** Looking at everything in a value once. */
function walkCost(value: Value): number {
  if (typeof value === 'string') return Math.trunc(Buffer.byteLength(value) * TRAVERSAL);
  if (value instanceof Uint8Array) return Math.trunc(value.length * TRAVERSAL);
  let cost = 0;
  if (value instanceof CelList) {
    for (const element of value) cost += walkCost(element);
    return cost;
  }
  if (!(value instanceof CelMap)) return 1;
  for (const key of value.keys()) cost += walkCost(key) + walkCost(value.get(key) ?? null);
  return cost;
}
