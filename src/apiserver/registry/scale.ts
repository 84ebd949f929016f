import type { Scale } from '../../api/autoscaling/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { type FieldManager, parentOwners, scaleOwners, trackUpdate } from '../../api/managed-fields.ts';
import { model } from '../../api/model.ts';
import { apiVersionOf, type KubeObject, type Mutable } from '../../api/resource.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import type { ExpectedKind } from './body.ts';
import { decodeAs } from './body.ts';

/** Where an object that scales keeps what its Scale shows. Paths are of field names. */
export interface ScalePaths {
  readonly replicas: readonly string[];
  readonly statusReplicas: readonly string[];
  /** Of a metav1.LabelSelector, a map of labels, or text that is a selector already; empty where there is none. */
  readonly selector: readonly string[];
}

/** Deployments, replica sets, stateful sets; replication controllers select by a plain map. */
export const builtinScale: ScalePaths = {
  replicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

export function scaleKind(): ExpectedKind {
  const schema = model.kind('autoscaling', 'v1', 'Scale');
  if (!schema) throw new Error('the model has no autoscaling/v1 Scale');
  return { group: 'autoscaling', version: 'v1', kind: 'Scale', schema };
}

/** The object's Scale. https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#scale-v1-autoscaling */
export function scaleOf(object: KubeObject, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  // An empty path is of no field, not of the object.
  const selector = paths.selector.length > 0 && selectorText(at(object, paths.selector));
  const value = {
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: at(object, paths.replicas) ?? 0 },
    status: { replicas: at(object, paths.statusReplicas) ?? 0, ...(selector && { selector }) },
  };
  return asScale(decodeAs(scaleKind(), value, 'Scale').object);
}

/** The object's Scale with the owners that it has as the Scale: what is written through it is tracked there. */
export function ownedScaleOf(object: KubeObject, paths: ScalePaths, custom: boolean): KubeObject {
  const found = scaleOf(object, paths);
  const unset = custom && at(object, paths.replicas) === undefined;
  const shown = unset ? { ...found, spec: { ...found.spec, replicas: UNSET } } : found;
  const scale = shown as unknown as KubeObject; // its metadata is always there
  const managedFields = scaleOwners(object.metadata.managedFields, object.apiVersion, paths.replicas);
  return { ...scale, metadata: { ...scale.metadata, managedFields } };
}

/** What the Scale of a custom resource that has no number yet is given to be changed. */
const UNSET = -(2 ** 31);

const pathText = (path: readonly string[]): string => quote(`.${path.join('.')}`);

/** Throws where a custom resource has no number that a Scale could show. */
export function checkScales(object: KubeObject, { replicas }: ScalePaths): void {
  if (at(object, replicas) !== undefined) return;
  throw errors.internal(`the spec replicas field ${pathText(replicas)} does not exist`);
}

/** Throws BadRequest for a changed Scale of a custom resource that still has no number. */
export function checkScaled({ spec }: Scale, { replicas }: ScalePaths): void {
  if (spec?.replicas === UNSET)
    throw errors.badRequest(`the spec replicas field ${pathText(replicas)} cannot be empty`);
}

/** Notes in the owners of an updated Scale who changed what. */
export function trackScale(
  before: KubeObject,
  scale: Mutable<KubeObject>,
  by: Pick<FieldManager, 'manager' | 'subresource' | 'now'>,
): void {
  const kind = scaleKind();
  const owners = trackUpdate(kind.schema, before, scale, { ...by, apiVersion: apiVersionOf(kind) });
  // Made anew for this object.
  scale.metadata.managedFields = owners as Mutable<typeof owners>;
}

/** For objects that were decoded over the model's Scale. */
export const asScale = (object: KubeObject): Scale => object as unknown as Scale;

/** Throws Invalid for a Scale that no object can have. */
export function validateScale(scale: Scale): void {
  const replicas = scale.spec?.replicas ?? 0;
  if (replicas >= 0) return;
  const complaint = fieldErrors.invalid(Path.of('spec', 'replicas'), replicas, 'must be greater than or equal to 0');
  throw errors.invalid({ group: 'autoscaling', kind: 'Scale' }, scale.metadata?.name ?? '', [complaint]);
}

/** A copy of the object with the Scale's number of replicas, its resourceVersion and its owners. */
export function withScale(object: KubeObject, scale: Scale, paths: ScalePaths): Mutable<KubeObject> {
  const { uid, resourceVersion } = scale.metadata ?? {};
  const changed = setAt(object, paths.replicas, scale.spec?.replicas ?? 0);
  const metadata = {
    ...object.metadata,
    uid: uid || object.metadata.uid,
    resourceVersion: resourceVersion || object.metadata.resourceVersion,
  };
  const { managedFields } = object.metadata;
  const owners = parentOwners(managedFields, object.apiVersion, paths.replicas, scale.metadata?.managedFields);
  return { ...changed, metadata: { ...metadata, managedFields: owners } } as Mutable<KubeObject>;
}

function at(object: object, path: readonly string[]): unknown {
  let value: unknown = object;
  for (const step of path) value = isJsonObject(value) ? value[step] : undefined;
  return value;
}

function setAt<T extends object>(object: T, path: readonly string[], value: unknown): T {
  const [step, ...rest] = path;
  if (step === undefined) return object;
  const fields: JsonObject = { ...(object as JsonObject) };
  const inner = fields[step];
  fields[step] = rest.length === 0 ? value : setAt(isJsonObject(inner) ? inner : {}, rest, value);
  return fields as unknown as T;
}

/** A selector in the syntax of list options: "app=web,tier in (a,b)". */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  if (!isJsonObject(selector)) return '';
  const { matchLabels, matchExpressions } = selector;
  const isSelector = isJsonObject(matchLabels) || Array.isArray(matchExpressions);
  const labels = isSelector ? (isJsonObject(matchLabels) ? matchLabels : {}) : selector;
  const parts: { readonly key: string; readonly text: string }[] = Object.entries(labels).map(([key, value]) => ({
    key,
    text: `${key}=${String(value)}`,
  }));
  for (const expression of Array.isArray(matchExpressions) ? matchExpressions : []) {
    if (isJsonObject(expression)) parts.push({ key: String(expression.key), text: expressionText(expression) });
  }
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return parts.map((part) => part.text).join(',');
}

function expressionText({ key, operator, values }: JsonObject): string {
  const list = Array.isArray(values) ? values.map(String).sort().join(',') : '';
  switch (operator) {
    case 'In':
      return `${String(key)} in (${list})`;
    case 'NotIn':
      return `${String(key)} notin (${list})`;
    case 'Exists':
      return String(key);
    default:
      return `!${String(key)}`;
  }
}
