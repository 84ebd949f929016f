import { errors } from '../api/errors.ts';
import { FieldSelector, parseFieldSelector } from '../api/fields.ts';
import { SelectorError } from '../api/labels.ts';
import { groupResourceName } from '../api/resource.ts';
import type { ListParameters, ServedResource } from './core.ts';

const OBJECT = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** What a version that is not stored calls the fields that one can select by, and what the stored one calls them. */
const stored: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  'events.events.k8s.io': new Map([
    ...OBJECT.map((field) => [`regarding.${field}`, `involvedObject.${field}`] as const),
    ['reportingController', 'reportingComponent'],
    ...['reason', 'type', 'metadata.name', 'metadata.namespace'].map((field) => [field, field] as const),
  ]),
};

/** The parameters of a list or watch in the stored version's words. Throws BadRequest for fields that have none. */
export function inStoredFields<T extends ListParameters>({ group, data }: ServedResource, parameters: T): T {
  const names = stored[groupResourceName({ group, resource: data.resource })];
  if (!names || !parameters.fieldSelector) return parameters;
  let selector: FieldSelector;
  try {
    selector = parseFieldSelector(parameters.fieldSelector);
  } catch (error) {
    if (error instanceof SelectorError) throw errors.badRequest(error.message);
    throw error;
  }
  const requirements = selector.requirements.map((requirement) => {
    const field = names.get(requirement.field);
    if (field === undefined) throw errors.badRequest(`field label not supported: ${requirement.field}`);
    return { ...requirement, field };
  });
  return { ...parameters, fieldSelector: String(new FieldSelector(requirements)) };
}
