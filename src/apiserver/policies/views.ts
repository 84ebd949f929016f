/** Objects of a request in the version that a rule matched, and back. */
import { apiVersionOf, type KubeObject, type Mutable } from '../../api/resource.ts';
import type { ServedResource } from '../core.ts';
import type { ConvertObjects } from '../custom/versions.ts';
import type { Attributes, Matched } from './attributes.ts';

/** How an object of the request looks in the version that was matched. */
export async function viewIn(
  attributes: Attributes,
  object: KubeObject | undefined,
  matched: Matched,
  convert: ConvertObjects,
): Promise<KubeObject | undefined> {
  const { resource, kind } = matched;
  const apiVersion = apiVersionOf(kind);
  // What only the subresource has (Scale, Eviction) is of one version.
  if (!object || object.apiVersion === apiVersion || kind.kind !== resource.data.kind) return object;
  return resource.custom ? customAs(resource, object, apiVersion, convert) : attributes.view(object, matched);
}

/** A changed object back in the version that the request's own object has. */
export async function unviewed(
  attributes: Attributes,
  changed: Mutable<KubeObject>,
  { apiVersion }: KubeObject,
  matched: Matched,
  convert: ConvertObjects,
): Promise<Mutable<KubeObject>> {
  const { resource } = matched;
  if (changed.apiVersion === apiVersion) return changed;
  if (!resource.custom) return attributes.unview(changed, matched);
  // Made anew by the conversion.
  return (await customAs(resource, changed, apiVersion, convert)) as Mutable<KubeObject>;
}

async function customAs(
  resource: ServedResource,
  object: KubeObject,
  apiVersion: string,
  convert: ConvertObjects,
): Promise<KubeObject> {
  if (resource.custom?.conversion.strategy !== 'Webhook') return { ...object, apiVersion };
  const [converted] = await convert(resource, [object], apiVersion);
  return converted ?? object;
}

/** Makes an object, which others hold, equal to another. */
export function replaceContents(object: Mutable<KubeObject>, by: Mutable<KubeObject>): void {
  const fields = object as Partial<Mutable<KubeObject>>;
  for (const field of Object.keys(object)) if (!Object.hasOwn(by, field)) delete fields[field as keyof KubeObject];
  Object.assign(object, by);
}
