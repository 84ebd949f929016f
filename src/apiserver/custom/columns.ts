import type { CustomResourceColumnDefinition } from '../../api/apiextensions/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { ColumnData } from '../../schema/model.ts';
import { humanDuration } from '../http/table.ts';
import { type JsonPath, parseJsonPath } from './json-path.ts';

/** What tables of a custom resource show. */
export interface Columns {
  readonly definitions: readonly ColumnData[];
  /** One for each definition. `now` in milliseconds since the epoch. */
  cells(object: KubeObject, now: number): readonly unknown[];
}

/** The only column beside the name where a definition names none. */
export const ageColumn: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'When the object was created, by the clock of the server.',
  jsonPath: '.metadata.creationTimestamp',
};

const nameColumn: ColumnData = ['Name', 'string', 'name', 0];

/** https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns */
export function columnsOf(given: readonly CustomResourceColumnDefinition[]): Columns {
  const shown: { readonly type: string; readonly path: JsonPath }[] = [];
  const definitions: ColumnData[] = [nameColumn];
  for (const { name, type, format = '', description, priority = 0, jsonPath } of given) {
    const path = parseJsonPath(jsonPath);
    // What was stored when more was allowed: columns up to the first that cannot be read.
    if (!path) break;
    shown.push({ type, path });
    const said = description || `Custom resource definition column (in JSONPath format): ${jsonPath}`;
    definitions.push([name, type, format, priority, said]);
  }
  return {
    definitions,
    cells: (object, now) => [object.metadata.name, ...shown.map(({ type, path }) => cell(type, path(object), now))],
  };
}

function cell(type: string, [value, ...others]: readonly unknown[], now: number): unknown {
  if (value === undefined && others.length === 0) return null;
  if (type === 'string') return text(value);
  switch (typeof value) {
    case 'number':
      return type === 'integer' ? Math.trunc(value) : type === 'number' ? value : null;
    case 'boolean':
      return type === 'boolean' ? value : null;
    case 'string':
      return type === 'date' ? sinceText(value, now) : null;
    default:
      return null;
  }
}

function text(value: unknown): string {
  if (value === null) return '<no value>';
  return typeof value === 'object' ? JSON.stringify(sorted(value)) : String(value);
}

/** Objects as Go writes them: by their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

function sinceText(time: string, now: number): string {
  if (time === '' || time === 'null') return '<unknown>';
  return TIME.test(time) ? humanDuration(now - Date.parse(time)) : '<invalid>';
}
