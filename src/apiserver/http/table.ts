import { errors } from '../../api/errors.ts';
import { apiVersionOf } from '../../api/resource.ts';
import type { ColumnData } from '../../schema/model.ts';
import { quote } from '../../schema/quote.ts';
import type { ServedResource, Stored, StoredList } from '../core.ts';
import { listMeta, partialMetadata } from './encode.ts';
import type { LongDocument } from './list-pieces.ts';

/** What each row of a table carries of its object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export function includeObject(query: URLSearchParams | undefined): IncludeObject {
  const value = query?.get('includeObject') ?? '';
  switch (value) {
    case '':
    case 'Metadata':
      return 'Metadata';
    case 'None':
    case 'Object':
      return value;
    default:
      throw errors.badRequest(
        `Unable to convert to Table as requested: includeObject: Invalid value: ${quote(value)}: must be 'Metadata', 'Object', 'None', or empty`,
      );
  }
}

const defaultColumns: readonly ColumnData[] = [
  ['Name', 'string', 'name', 0],
  ['Age', 'date', '', 0],
];

const described: Readonly<Record<string, string>> = {
  Name: 'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
};

function columnDefinitions(columns: readonly ColumnData[] = defaultColumns): string {
  return JSON.stringify(
    columns.map(([name, type, format, priority, description]) => ({
      name,
      type,
      format,
      description: description ?? described[name] ?? '',
      priority,
    })),
  );
}

function row(resource: ServedResource, stored: Stored, include: IncludeObject, version: string, now: number): string {
  const filled = resource.strategy.tableCells
    ? resource.strategy.tableCells(stored.object, now)
    : defaultCells(resource, stored, now);
  const cells = filled.map((cell) => (cell === undefined ? '' : cell));
  const object =
    include === 'None'
      ? 'null'
      : include === 'Metadata'
        ? rowMetadata(resource, stored, version)
        : stored.json.toString();
  const conditions = resource.strategy.rowConditions?.(stored.object);
  const shown = conditions ? `"conditions":${JSON.stringify(conditions)},` : '';
  return `{"cells":${JSON.stringify(cells)},${shown}"object":${object}}`;
}

function rowMetadata(resource: ServedResource, stored: Stored, version: string): string {
  const hidden = resource.strategy.hiddenAnnotations;
  if (!hidden) return partialMetadata(stored.json, version).toString();
  const shown = Object.entries(stored.object.metadata.annotations ?? {}).filter(([name]) => !hidden.includes(name));
  const { annotations: _, ...metadata } = stored.object.metadata;
  const apiVersion = apiVersionOf({ group: 'meta.k8s.io', version });
  const all = shown.length > 0 ? { ...metadata, annotations: Object.fromEntries(shown) } : metadata;
  return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion, metadata: all });
}

/** Name and age, under whatever columns the model has for the kind; what a strategy does not fill is unknown. */
function defaultCells(resource: ServedResource, stored: Stored, now: number): readonly unknown[] {
  const { metadata } = stored.object;
  return (resource.data.columns ?? defaultColumns).map(([name]) =>
    name === 'Name' ? metadata.name : name === 'Age' ? age(metadata.creationTimestamp, now) : '<unknown>',
  );
}

function age(since: string | undefined, now: number): string {
  return since ? humanDuration(now - Date.parse(since)) : '<unknown>';
}

/** A span of milliseconds as kubectl shows ages (k8s.io/apimachinery duration.HumanDuration): at most two units. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(seconds / 3600);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(hours / 24 / 365);
  if (hours < 24 * 365 * 8) {
    const rest = days % 365;
    return rest === 0 ? `${years}y` : `${years}y${rest}d`;
  }
  return `${years}y`;
}

export interface TableOptions {
  readonly include: IncludeObject;
  readonly version: string;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** A list as a table: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export function tableDocument(list: StoredList, { include, version, now }: TableOptions): LongDocument {
  const { resource } = list;
  const { tableOrder } = resource.strategy;
  const items = tableOrder ? list.items.toSorted((a, b) => tableOrder(a.object, b.object)) : list.items;
  return {
    fields: [
      ['kind', '"Table"'],
      ['apiVersion', JSON.stringify(`meta.k8s.io/${version}`)],
      ['metadata', listMeta(list)],
      ['columnDefinitions', columnDefinitions(resource.data.columns)],
    ],
    array: 'rows',
    length: items.length,
    item: (index) => row(resource, items[index] as Stored, include, version, now),
  };
}

/** One object as a table of one row; watches leave the columns out after their first event. */
export function objectTable(
  resource: ServedResource,
  stored: Stored,
  { include, version, now }: TableOptions,
  columns = true,
): Buffer {
  // What a dry run would create has no version but the one it was sent with.
  const resourceVersion = stored.revision === 0 ? stored.object.metadata.resourceVersion : String(stored.revision);
  const meta = JSON.stringify({ resourceVersion });
  const definitions = columns ? columnDefinitions(resource.data.columns) : 'null';
  return table(meta, definitions, row(resource, stored, include, version, now), version);
}

function table(meta: string, columns: string, rows: string, version: string): Buffer {
  return Buffer.from(
    `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${meta},"columnDefinitions":${columns},"rows":[${rows}]}\n`,
  );
}
