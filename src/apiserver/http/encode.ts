import { stringify } from 'yaml';
import { apiVersionOf } from '../../api/resource.ts';
import type { ServedResource, Stored, StoredList } from '../core.ts';
import type { Representation } from './negotiate.ts';

/**
 * Answers out of the bytes that were made when the objects were written: nothing here parses or stringifies an object
 * but for YAML and pretty printing, which only people ask for.
 */

export const NEWLINE = Buffer.from('\n');
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const METADATA = Buffer.from('"metadata":');

/** Built-in kinds leave out apiVersion and kind in lists, as Go's encoder does for them; custom resources do not. */
export const isCustom = (resource: ServedResource): boolean => resource.schema.proto === undefined;

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
export function metadataBytes(json: Buffer): Buffer {
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

/** The object's bytes as they stand in a list. */
function listItem(json: Buffer, keepKind: boolean): { readonly open: boolean; readonly bytes: Buffer } {
  if (keepKind) return { open: false, bytes: json };
  return { open: true, bytes: json.subarray(metadataStart(json) - METADATA.length) };
}

export interface ListBody {
  /** Bytes of the whole. */
  readonly length: number;
  /** The body in pieces of about `CHUNK` bytes, each made when asked for. */
  chunks(): Generator<Buffer>;
}

/** Large enough to make the cost per write small, small enough not to hold a long list twice in memory. */
const CHUNK = 256 * 1024;

/** A list as the concatenation of its objects' bytes. */
export function listBody(list: StoredList, rep: Representation): ListBody {
  const partial = rep.as !== '';
  const head = Buffer.from(
    `{"kind":"${partial ? 'PartialObjectMetadataList' : `${list.resource.data.kind}List`}","apiVersion":"${
      partial ? `meta.k8s.io/${rep.metaVersion}` : apiVersionOf(list.resource)
    }","metadata":${listMeta(list)},"items":[`,
  );
  const tail = Buffer.from(']}\n');
  const { items } = list;
  let item: (stored: Stored) => { readonly open: boolean; readonly bytes: Buffer };
  if (partial) {
    item = (stored) => ({ open: false, bytes: partialMetadata(stored.json, rep.metaVersion) });
  } else {
    const keepKind = isCustom(list.resource);
    item = (stored) => listItem(stored.json, keepKind);
  }
  // Views only; the bytes are copied once, into the chunks.
  const parts = items.map(item);
  let length = head.length + tail.length + Math.max(0, items.length - 1);
  for (const part of parts) length += part.bytes.length + (part.open ? 1 : 0);
  return {
    length,
    *chunks() {
      let left = length;
      let chunk = Buffer.allocUnsafe(Math.min(CHUNK, left));
      let used = head.copy(chunk);
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i];
        if (!part) continue;
        const size = part.bytes.length + 2;
        if (used + size > chunk.length) {
          if (used > 0) yield chunk.subarray(0, used);
          left -= used;
          chunk = Buffer.allocUnsafe(Math.max(Math.min(CHUNK, left), size));
          used = 0;
        }
        if (i > 0) chunk[used++] = COMMA;
        if (part.open) chunk[used++] = OPEN;
        chunk.set(part.bytes, used);
        used += part.bytes.length;
      }
      yield chunk.subarray(0, used);
      yield tail;
    },
  };
}

/** ListMeta as JSON. */
export function listMeta(list: StoredList): string {
  let meta = `{"resourceVersion":${JSON.stringify(list.resourceVersion)}`;
  if (list.continue) meta += `,"continue":${JSON.stringify(list.continue)}`;
  if (list.remainingItemCount !== undefined && list.continue)
    meta += `,"remainingItemCount":${list.remainingItemCount}`;
  return `${meta}}`;
}

/** JSON bytes turned into what people read. */
export function render(json: Buffer, rep: Representation): Buffer {
  if (rep.mediaType === 'application/yaml') return Buffer.from(yamlOf(json.toString()));
  return rep.pretty ? Buffer.from(`${JSON.stringify(JSON.parse(json.toString()), null, 2)}\n`) : json;
}

/** Keys sorted and no anchors, as sigs.k8s.io/yaml writes. */
function yamlOf(json: string): string {
  return stringify(JSON.parse(json), {
    version: '1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
    sortMapEntries: true,
    defaultStringType: 'PLAIN',
    indentSeq: false,
  });
}
