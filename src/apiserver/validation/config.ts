import type { ConfigMap, LimitRange, LimitRangeItem, ResourceQuota, Secret } from '../../api/core/v1.gen.ts';
import { qualifiedNameProblems } from '../../api/names.ts';
import { quantityOf } from '../../api/pod-resources.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { jsonSyntaxError } from '../../schema/json-syntax.ts';
import { compareQuantities, quantityNumber } from '../../schema/quantity.ts';
import {
  checkContainerResourceName,
  checkQuantity,
  checkQuotaResourceName,
  checkResourceName,
  isStandardQuota,
} from './resources.ts';
import { addAll, checkImmutable, configKeyProblems, type Found } from './values.ts';

const DATA = Path.of('data');
const SPEC = Path.of('spec');
/** What v1.36 calls a configuration map as a whole. */
const WHOLE = Path.root.key('');
const MAX_SIZE = 1024 * 1024;
const FIXED = 'field is immutable when `immutable` is set';

/** Bytes behind base64 text; null, which bytes may be where a map holds them, stands for none. */
const decodedLength = (text: string | null): number => (text === null ? 0 : Buffer.byteLength(text, 'base64'));

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): Found {
  const found: Found = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    addAll(found, DATA.key(key), key, configKeyProblems(key));
    if (Object.hasOwn(binaryData, key)) {
      found.push(fieldErrors.invalid(DATA.key(key), key, 'duplicate of key present in binaryData'));
    }
    size += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    addAll(found, Path.of('binaryData').key(key), key, configKeyProblems(key));
    size += decodedLength(value);
  }
  if (size > MAX_SIZE) found.push(fieldErrors.tooLong(WHOLE, MAX_SIZE));
  return found;
}

export function validateConfigMapUpdate(map: ConfigMap, old: ConfigMap): Found {
  const found: Found = [];
  if (old.immutable) {
    if (!map.immutable) found.push(fieldErrors.forbidden(Path.of('immutable'), FIXED));
    for (const field of ['data', 'binaryData'] as const) {
      if (!deepEqual(map[field] ?? {}, old[field] ?? {})) found.push(fieldErrors.forbidden(Path.of(field), FIXED));
    }
  }
  return [...found, ...validateConfigMap(map)];
}

/** Keys that secrets of some types must have. */
const requiredKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
]);

/** https://kubernetes.io/docs/concepts/configuration/secret/#secret-types */
export function validateSecret({ data = {}, type = '', metadata }: Secret): Found {
  const found: Found = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    addAll(found, DATA.key(key), key, configKeyProblems(key));
    size += decodedLength(value);
  }
  if (size > MAX_SIZE) found.push(fieldErrors.tooLong(DATA, MAX_SIZE));
  for (const key of requiredKeys.get(type) ?? []) {
    // A key of SSH has to say something.
    const enough = type === 'kubernetes.io/ssh-auth' ? Boolean(data[key]) : Object.hasOwn(data, key);
    if (!enough) found.push(fieldErrors.required(DATA.key(key)));
  }
  switch (type) {
    case 'kubernetes.io/service-account-token': {
      const annotation = 'kubernetes.io/service-account.name';
      if (!metadata.annotations?.[annotation]) {
        found.push(fieldErrors.required(Path.of('metadata', 'annotations').key(annotation)));
      }
      break;
    }
    case 'kubernetes.io/dockercfg':
      checkJson(data, '.dockercfg', found);
      break;
    case 'kubernetes.io/dockerconfigjson':
      checkJson(data, '.dockerconfigjson', found);
      break;
    case 'kubernetes.io/basic-auth':
      if (!Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
        found.push(fieldErrors.required(DATA.key('username')), fieldErrors.required(DATA.key('password')));
      }
      break;
    default:
  }
  return found;
}

function checkJson(data: Readonly<Record<string, string | null>>, key: string, found: Found): void {
  const encoded = data[key];
  if (encoded === undefined) {
    found.push(fieldErrors.required(DATA.key(key)));
    return;
  }
  const text = Buffer.from(encoded ?? '', 'base64').toString();
  const problem = jsonSyntaxError(text) ?? notObject(text);
  if (problem !== undefined) {
    found.push(fieldErrors.invalid(DATA.key(key), '<secret contents redacted>', problem));
  }
}

/** Null is as good as an object to Go. */
function notObject(text: string): string | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && !Array.isArray(value)) return undefined;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
}

export function validateSecretUpdate(secret: Secret, old: Secret): Found {
  const found: Found = [];
  checkImmutable(secret.type, old.type, Path.of('type'), found);
  if (old.immutable) {
    if (!secret.immutable) found.push(fieldErrors.forbidden(Path.of('immutable'), FIXED));
    if (!deepEqual(secret.data ?? {}, old.data ?? {})) found.push(fieldErrors.forbidden(DATA, FIXED));
  }
  return [...found, ...validateSecret(secret)];
}

const limitTypes = ['Pod', 'Container', 'PersistentVolumeClaim'];

export function validateLimitRange({ spec }: LimitRange): Found {
  const found: Found = [];
  const types = new Set<string>();
  for (const [i, item] of (spec.limits ?? []).entries()) {
    const at = SPEC.child('limits').index(i);
    addAll(found, at.child('type'), item.type, qualifiedNameProblems(item.type));
    if (qualifiedNameProblems(item.type).length === 0 && !item.type.includes('/') && !limitTypes.includes(item.type)) {
      found.push(fieldErrors.invalid(at.child('type'), item.type, 'must be a standard limit type or fully qualified'));
    }
    if (types.has(item.type)) found.push(fieldErrors.duplicate(at.child('type'), item.type));
    types.add(item.type);
    checkLimit(item, at, found);
  }
  return found;
}

const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function checkLimit(item: LimitRangeItem, path: Path, found: Found): void {
  const names = new Set<string>();
  for (const list of lists) {
    if (item.type === 'Pod' && (list === 'default' || list === 'defaultRequest')) {
      if (Object.keys(item[list] ?? {}).length > 0) {
        found.push(fieldErrors.forbidden(path.child(list), "may not be specified when `type` is 'Pod'"));
      }
      continue;
    }
    for (const name of Object.keys(item[list] ?? {})) {
      names.add(name);
      const at = path.child(list).key(name);
      if (item.type === 'Pod' || item.type === 'Container') checkContainerResourceName(name, at, found);
      else checkResourceName(name, at, found);
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.storage && !item.max?.storage) {
    found.push(
      fieldErrors.required(
        path.child('limits'),
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    );
  }
  for (const name of names) checkLimitOrder(item, name, path, found);
}

/** min <= defaultRequest <= default <= max, and the ratio within what min and max allow. */
function checkLimitOrder(item: LimitRangeItem, name: string, path: Path, found: Found): void {
  const of = (list: (typeof lists)[number]) => ({ list, amount: quantityOf(item[list] ?? {}, name) });
  const order = (
    low: { list: string; amount: string | undefined },
    high: { list: string; amount: string | undefined },
    why: (low: string, high: string) => string,
    blame: string,
  ): void => {
    if (low.amount === undefined || high.amount === undefined) return;
    if (compareQuantities(low.amount, high.amount) <= 0) return;
    const shown = blame === low.list ? low.amount : high.amount;
    found.push(fieldErrors.invalid(path.child(blame).key(name), shown, why(low.amount, high.amount)));
  };
  const [min, max, limit, request] = [of('min'), of('max'), of('default'), of('defaultRequest')];
  order(min, max, (a, b) => `min value ${a} is greater than max value ${b}`, 'min');
  order(min, request, (a, b) => `min value ${a} is greater than default request value ${b}`, 'defaultRequest');
  order(request, max, (a, b) => `default request value ${a} is greater than max value ${b}`, 'defaultRequest');
  order(
    request,
    limit,
    (a, b) => `default request value ${a} is greater than default limit value ${b}`,
    'defaultRequest',
  );
  order(min, limit, (a, b) => `min value ${a} is greater than default value ${b}`, 'default');
  order(limit, max, (a, b) => `default value ${a} is greater than max value ${b}`, 'default');
  const ratio = quantityOf(item.maxLimitRequestRatio ?? {}, name);
  if (ratio === undefined) return;
  const at = path.child('maxLimitRequestRatio').key(name);
  if (compareQuantities(ratio, '1') < 0) {
    found.push(fieldErrors.invalid(at, ratio, `ratio ${ratio} is less than 1`));
  }
  if (min.amount === undefined || max.amount === undefined) return;
  const most = quantityNumber(max.amount) / quantityNumber(min.amount);
  if (quantityNumber(ratio) > most) {
    const why = `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`;
    found.push(fieldErrors.invalid(at, ratio, why));
  }
}

const scopes = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];
const contradictions = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

const MISPLACED = 'unsupported scope applied to resource';
/** Scopes that pods are in or not. */
const existing = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const ofPods = /^(?:pods|(?:requests\.|limits\.)?(?:cpu|memory))$/;

/** Whether what a scope selects has any of a resource. */
function counts(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return resource === 'pods';
  if (scope === 'VolumeAttributesClass') {
    return resource === 'persistentvolumeclaims' || resource === 'requests.storage';
  }
  return !scopes.includes(scope) || ofPods.test(resource);
}

const goScopes = (selector: ResourceQuota['spec']['scopeSelector']): object => ({
  MatchExpressions: (selector?.matchExpressions ?? []).map(({ scopeName, operator, values }) => ({
    ScopeName: scopeName,
    Operator: operator ?? '',
    Values: values ?? null,
  })),
});

export function validateResourceQuota({ spec }: ResourceQuota): Found {
  const found: Found = [];
  for (const [name, amount] of Object.entries(spec.hard ?? {})) {
    const at = SPEC.child('hard').key(name);
    checkQuotaResourceName(name, at, found);
    checkQuantity(name, amount, at, found);
  }
  const given: readonly string[] = spec.scopes ?? [];
  const names = Object.keys(spec.hard ?? {}).filter(isStandardQuota);
  const misplaced = (scope: string): readonly string[] => names.filter((name) => !counts(scope, name));
  for (const scope of given) {
    if (!scopes.includes(scope)) found.push(fieldErrors.invalid(SPEC.child('scopes'), given, 'unsupported scope'));
    for (const _ of misplaced(scope)) found.push(fieldErrors.invalid(SPEC.child('scopes'), given, MISPLACED));
  }
  for (const [a, b] of contradictions) {
    if (!given.includes(a) || !given.includes(b)) continue;
    found.push(fieldErrors.invalid(SPEC.child('scopes'), given, 'conflicting scopes'));
  }
  const at = SPEC.child('scopeSelector', 'matchExpressions');
  const selected = new Set<string>();
  for (const { scopeName, operator, values = [] } of spec.scopeSelector?.matchExpressions ?? []) {
    selected.add(scopeName);
    if (!scopes.includes(scopeName)) {
      found.push(fieldErrors.invalid(at.child('scopeName'), scopeName, 'unsupported scope'));
    }
    for (const _ of misplaced(scopeName)) found.push(fieldErrors.invalid(at, goScopes(spec.scopeSelector), MISPLACED));
    if (operator !== 'Exists' && existing.includes(scopeName)) {
      const why =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
      found.push(fieldErrors.invalid(at.child('operator'), operator ?? '', why));
    }
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
        found.push(fieldErrors.required(at.child('values'), why));
      }
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
        found.push(fieldErrors.invalid(at.child('values'), values, why));
      }
    } else found.push(fieldErrors.invalid(at.child('operator'), operator ?? '', 'not a valid selector operator'));
  }
  for (const [a, b] of contradictions) {
    if (!selected.has(a) || !selected.has(b)) continue;
    found.push(fieldErrors.invalid(at, spec.scopes ?? null, 'conflicting scopes'));
  }
  return found;
}

export function validateResourceQuotaStatusUpdate({ status }: ResourceQuota): Found {
  const found: Found = [];
  for (const list of ['hard', 'used'] as const) {
    for (const [name, amount] of Object.entries(status?.[list] ?? {})) {
      const at = Path.of('status', list).key(name);
      checkQuotaResourceName(name, at, found);
      checkQuantity(name, amount, at, found);
    }
  }
  return found;
}

export function validateResourceQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): Found {
  const found = validateResourceQuota(quota);
  const set = (list: readonly string[] | undefined): string[] => [...new Set(list ?? [])].sort();
  if (!deepEqual(set(quota.spec.scopes), set(old.spec.scopes))) {
    found.push(fieldErrors.invalid(SPEC.child('scopes'), quota.spec.scopes ?? null, 'field is immutable'));
  }
  return found;
}
