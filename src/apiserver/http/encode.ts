import { apiVersionOf } from '../../api/resource.ts';
import type { ServedResource, Stored, StoredList } from '../core.ts';
import { framedBodies } from './framed.ts';
import type { Representation } from './negotiate.ts';
import { yamlText } from './yaml-text.ts';

/**
 * Answers out of the bytes that were made when the objects were written: nothing here parses or stringifies an object
 * but for YAML and pretty printing, which only people ask for.
 */

export const NEWLINE = Buffer.from('\n');
const COMMA = Buffer.from(',');
const COMMA_OPEN = Buffer.from(',{');
const LIST_END = Buffer.from(']}\n');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const METADATA = Buffer.from('"metadata":');

/** Built-in kinds leave out apiVersion and kind in lists, as Go's encoder does for them; custom resources do not. */
export const isCustom = (resource: ServedResource): boolean => resource.custom !== undefined;

export const listKindOf = ({ data }: ServedResource): string => data.listKind ?? `${data.kind}List`;

/** Where the metadata of an object begins: at its `{`. Stored objects have kind and apiVersion before it and nothing else. */
function metadataStart(json: Buffer): number {
  return json.indexOf(METADATA) + METADATA.length;
}

/** The end (exclusive) of the JSON object that begins at `start`. */
function objectEnd(json: Buffer, start: number): number {
  let depth = 0;
  for (let i = start; i < json.length; i++) {
    const c = json[i];
    if (c === QUOTE) {
      // Strings are most of the bytes: jump from quote to quote.
      for (;;) {
        i = json.indexOf(QUOTE, i + 1);
        if (i < 0) return json.length;
        let slashes = 0;
        while (json[i - 1 - slashes] === BACKSLASH) slashes++;
        if (slashes % 2 === 0) break;
      }
    } else if (c === OPEN) depth++;
    else if (c === CLOSE && --depth === 0) return i + 1;
  }
  return json.length;
}

/** The bytes of `metadata`, a view into the object's. */
function metadataBytes(json: Buffer): Buffer {
  const start = metadataStart(json);
  return json.subarray(start, objectEnd(json, start));
}

/** `{"kind":"PartialObjectMetadata",...}` of an object, spliced from its bytes. */
export function partialMetadata(json: Buffer, version: string): Buffer {
  return Buffer.concat([
    Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`),
    metadataBytes(json),
    Buffer.from('}'),
  ]);
}

/** What an item of a list says after its `{`, where it does not say its kind. */
export const itemJson = (json: Buffer): Buffer => json.subarray(metadataStart(json) - METADATA.length);

/** A list of whole objects as the concatenation of their bytes: views of them, and what stands between. */
export function listBody(list: StoredList): readonly Uint8Array[] {
  const { resource, items } = list;
  const head = `{"kind":"${listKindOf(resource)}","apiVersion":"${apiVersionOf(resource)}","metadata":${listMeta(list, true)},"items":[`;
  const whole = isCustom(resource);
  const first = Buffer.from(whole || items.length === 0 ? head : `${head}{`);
  let parts = itemPartsOf.get(items);
  if (!parts) {
    parts = whole ? itemParts(items, COMMA, (json) => json) : itemParts(items, COMMA_OPEN, itemJson);
    itemPartsOf.set(items, parts);
  }
  return [first, ...framedBodies.of(items, parts)];
}

/** Items of one cache at one time, which are of one resource, are listed again and again while nothing changes. */
const itemPartsOf = new WeakMap<readonly Stored[], readonly Uint8Array[]>();

function itemParts(items: readonly Stored[], separator: Buffer, part: (json: Buffer) => Buffer): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const { json } of items) {
    if (parts.length > 0) parts.push(separator);
    parts.push(part(json));
  }
  parts.push(LIST_END);
  return parts;
}

/** ListMeta as JSON. */
export function listMeta(list: StoredList, whole = false): string {
  // Lists that were computed are of no state.
  if (list.resourceVersion === '') return '{}';
  let meta = `{"resourceVersion":${JSON.stringify(list.resourceVersion)}`;
  if (list.continue) meta += `,"continue":${JSON.stringify(list.continue)}`;
  // Go has no type for lists of custom resources, and leaves nothing out.
  else if (whole && isCustom(list.resource)) meta += ',"continue":""';
  if (list.remainingItemCount !== undefined && list.continue)
    meta += `,"remainingItemCount":${list.remainingItemCount}`;
  return `${meta}}`;
}

/** JSON bytes turned into what people read. As Go's encoder writes it, JSON ends in a newline only where it is not indented. */
export function render(json: Buffer, rep: Representation): Buffer {
  if (rep.mediaType === 'application/yaml') return Buffer.from(yamlText(JSON.parse(json.toString())));
  return rep.pretty ? Buffer.from(JSON.stringify(JSON.parse(json.toString()), null, 2)) : json;
}
