import { apiVersionOf } from '../../api/resource.ts';
import type { StoredList } from '../core.ts';
import { isCustom, itemJson, listKindOf, listMeta, partialMetadata } from './encode.ts';
import { PIECE_BYTES } from './join.ts';
import type { Representation } from './negotiate.ts';
import { yamlText } from './yaml-text.ts';

/** A document that is long because of the array in it: a list, or a table. */
export interface LongDocument {
  /** The fields before the array, as JSON, in the API server's order. */
  readonly fields: readonly (readonly [name: string, json: string])[];
  readonly array: 'items' | 'rows';
  readonly length: number;
  /** An array without elements is written as null. */
  readonly nullable?: boolean;
  /** JSON of one item. */
  item(index: number): string;
}

export function listDocument(list: StoredList, rep: Representation): LongDocument {
  const { resource, items } = list;
  const partial = rep.as !== '';
  const kind = partial ? 'PartialObjectMetadataList' : listKindOf(resource);
  const apiVersion = partial ? `meta.k8s.io/${rep.metaVersion}` : apiVersionOf(resource);
  const bare = !isCustom(resource);
  return {
    fields: [
      ['kind', JSON.stringify(kind)],
      ['apiVersion', JSON.stringify(apiVersion)],
      ['metadata', listMeta(list, !partial)],
    ],
    array: 'items',
    length: items.length,
    nullable: partial,
    item(index) {
      const json = items[index]?.json ?? nothing;
      if (partial) return partialMetadata(json, rep.metaVersion).toString();
      return bare ? `{${itemJson(json).toString()}` : json.toString();
    },
  };
}

const nothing = Buffer.from('{}');

/** The document in the form that was negotiated, piece by piece: each is made when it is asked for. */
export function* pieces(document: LongDocument, rep: Representation): Generator<Buffer, void> {
  let text = '';
  for (const part of rep.mediaType === 'application/yaml' ? yaml(document) : json(document, rep.pretty)) {
    text += part;
    if (text.length < PIECE_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

function* json({ fields, array, length, nullable, item }: LongDocument, pretty: boolean): Generator<string, void> {
  if (nullable && length === 0) {
    const text = `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')},"${array}":null}`;
    yield pretty ? indented(text, '') : `${text}\n`;
    return;
  }
  if (!pretty) {
    yield `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')},"${array}":[`;
    for (let i = 0; i < length; i++) yield i === 0 ? item(i) : `,${item(i)}`;
    yield ']}\n';
    return;
  }
  yield `{\n${fields.map(([name, value]) => `  "${name}": ${indented(value, '  ')}`).join(',\n')},\n  "${array}": [`;
  for (let i = 0; i < length; i++) yield `${i === 0 ? '' : ','}\n    ${indented(item(i), '    ')}`;
  yield length === 0 ? ']\n}' : '\n  ]\n}';
}

const indented = (text: string, by: string): string =>
  JSON.stringify(JSON.parse(text), null, 2).replaceAll('\n', `\n${by}`);

function* yaml({ fields, array, length, nullable, item }: LongDocument): Generator<string, void> {
  const sorted = [...fields, [array, undefined] as const].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of sorted) {
    if (value !== undefined) yield yamlText({ [name]: JSON.parse(value) });
    else if (length === 0) yield `${name}: ${nullable ? 'null' : '[]'}\n`;
    else {
      yield `${name}:\n`;
      for (let i = 0; i < length; i++) yield yamlText([JSON.parse(item(i))]);
    }
  }
}
