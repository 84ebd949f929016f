import { errors } from '../../api/errors.ts';
import { everyField, FieldSelector, parseFieldSelector } from '../../api/fields.ts';
import { parseLabelSelector, SelectorError, selectEverything } from '../../api/labels.ts';
import { groupResourceName, type KubeObject } from '../../api/resource.ts';
import { quote } from '../../schema/quote.ts';
import type { ListParameters, ServedResource, Stored } from '../core.ts';
import type { Entry } from './entry.ts';

const NAME = 'metadata.name';
const NAMESPACE = 'metadata.namespace';

/** Which objects of a resource a list or watch is about. */
export interface Selection {
  /** No selector: every object in sight. */
  readonly all: boolean;
  /** A field that must have one value: what watchers are found by. */
  readonly exact: { readonly field: string; readonly value: string } | undefined;
  /** The only name, and the only namespace, that the selectors leave. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  matches(entry: Selectable): boolean;
}

/** What selectors look at. */
export type Selectable = Pick<Entry, 'key' | 'labels' | 'fields'>;

const everything: Selection = {
  all: true,
  exact: undefined,
  name: undefined,
  namespace: undefined,
  matches: () => true,
};

/**
 * Reads the selectors of a request; `name` "" or the object that the path names. Throws BadRequest in Kubernetes' words.
 */
export function compileSelection(
  resource: ServedResource,
  namespace: string,
  name: string,
  parameters: ListParameters,
): Selection {
  const { labelSelector = '', fieldSelector = '' } = parameters;
  if (labelSelector === '' && fieldSelector === '' && name === '') return everything;
  const labels = read(labelSelector, selectEverything, parseLabelSelector);
  const fields = read(fieldSelector, everyField, parseFieldSelector);
  checkFields(resource, fields);
  const onlyName = name || fields.exact(NAME);
  const onlyNamespace = namespace === '' ? fields.exact(NAMESPACE) : undefined;
  if (labels.everything && fields.everything && onlyName === undefined) return everything;
  const select = resource.strategy.selectableFields;
  const own = fields.requirements.find(({ field, operator }) => operator === '=' && field !== NAMESPACE);
  const exact = onlyName !== undefined ? { field: NAME, value: onlyName } : own;
  const others = fields.requirements.length > 0;
  return {
    all: false,
    exact: exact && { field: exact.field, value: exact.value },
    name: onlyName,
    namespace: onlyNamespace || undefined,
    matches: (entry) =>
      (onlyName === undefined || entry.key.endsWith(`/${onlyName}`)) &&
      labels.matches(labels.everything ? undefined : entry.labels) &&
      (!others || fieldsMatch(resource, fields, entry, select)),
  };
}

function read<T>(text: string, none: T, parse: (text: string) => T): T {
  if (text === '') return none;
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SelectorError) throw errors.badRequest(error.message);
    throw error;
  }
}

function fieldsMatch(
  resource: ServedResource,
  selector: FieldSelector,
  entry: Selectable,
  select: ((object: KubeObject) => Readonly<Record<string, string>>) | undefined,
): boolean {
  const path = entry.key.slice(resource.prefix.length);
  const slash = path.indexOf('/');
  for (const { field, operator, value } of selector.requirements) {
    let actual: string;
    if (field === NAME) actual = path.slice(slash + 1);
    else if (field === NAMESPACE) actual = path.slice(0, Math.max(slash, 0));
    else actual = (select && entry.fields(select)[field]) ?? '';
    if ((actual === value) !== (operator === '=')) return false;
  }
  return true;
}

/** What a kind's strategy makes selectable, learnt from an object that has nothing. */
const selectable = new WeakMap<ServedResource, ReadonlySet<string>>();

function fieldNames(resource: ServedResource): ReadonlySet<string> {
  let names = selectable.get(resource);
  if (!names) {
    // Strategies read optional fields of whatever object they are given.
    const blank = {
      kind: resource.data.kind,
      apiVersion: '',
      metadata: {},
      spec: {},
      status: {},
    } as unknown as KubeObject;
    const found = new Set(
      resource.custom?.selectable ?? Object.keys(resource.strategy.selectableFields?.(blank) ?? {}),
    );
    found.add(NAME);
    // Kinds that list their fields one by one have no namespace where they live in none.
    if (resource.data.namespaced || !saysPlainly(resource)) found.add(NAMESPACE);
    // Kubernetes has this one inside, and no way to ask for it.
    found.delete('name');
    names = found;
    selectable.set(resource, names);
  }
  return names;
}

function checkFields(resource: ServedResource, fields: FieldSelector): void {
  for (const { field } of fields.requirements) {
    if (fieldNames(resource).has(field)) continue;
    throw errors.badRequest(unknownField(resource, field));
  }
}

/** Kinds that say no in words of their own. */
const plainWords = new Set([
  ...['pods', 'nodes', 'replicationcontrollers', 'events', 'namespaces', 'secrets', 'services'],
  'events.events.k8s.io',
  'certificatesigningrequests.certificates.k8s.io',
]);

const saysPlainly = ({ group, data, custom }: ServedResource): boolean =>
  custom !== undefined || plainWords.has(groupResourceName({ group, resource: data.resource }));

function unknownField(resource: ServedResource, field: string): string {
  const { data, group } = resource;
  if (saysPlainly(resource)) return `field label not supported: ${field}`;
  if (group === 'batch' && data.resource === 'jobs') return `field label ${quote(field)} not supported for Job`;
  if (data.kind === 'ResourceSlice' && group === 'resource.k8s.io') {
    return `field label not supported for ${group}/${resource.version}, Kind=${data.kind}: ${field}`;
  }
  return `${quote(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** Selectors in two parts: what names say, and the rest, which only the objects of the served version can tell. */
export interface SplitSelection {
  readonly byName: { readonly labelSelector: undefined; readonly fieldSelector: string | undefined };
  /** Undefined where all are wanted. */
  readonly select: ((shown: Stored) => boolean) | undefined;
}

/** Of resources whose objects are another's in the store. Throws BadRequest as compileSelection does. */
export function splitSelection(resource: ServedResource, parameters: ListParameters): SplitSelection {
  const selection = compileSelection(resource, '', '', parameters);
  const names = read(parameters.fieldSelector ?? '', everyField, parseFieldSelector).requirements.filter(
    ({ field }) => field === NAME || field === NAMESPACE,
  );
  const byName = {
    labelSelector: undefined,
    fieldSelector: names.length > 0 ? String(new FieldSelector(names)) : undefined,
  };
  if (selection.all) return { byName, select: undefined };
  const select = ({ key, object }: Stored): boolean =>
    selection.matches({ key, labels: object.metadata.labels ?? {}, fields: (fieldsOf) => fieldsOf(object) });
  return { byName, select };
}
