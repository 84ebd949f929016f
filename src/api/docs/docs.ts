import type { GroupVersionData } from '../../schema/model.ts';
import { fileOf } from '../../schema/resolve.ts';
import { groupVersions } from '../groups.ts';

/** What a type and its fields are for, in a sentence each. */
export interface TypeDocs {
  readonly type: string;
  readonly fields: ReadonlyMap<string, string>;
  /** Type, of the same package, that says what this one does not. */
  readonly like?: string;
}

/** What fields of these names are for wherever nothing else is said. */
export const common: ReadonlyMap<string, string> = new Map([
  ['apiVersion', 'Group and version of the kind: apps/v1, or v1 for the core group.'],
  ['kind', 'What kind of object it is.'],
  ['metadata', 'What every object has: name, labels, annotations, ...'],
  ['items', 'The objects.'],
  ['spec', 'What is wanted.'],
  ['status', 'How it is.'],
  ['conditions', 'What holds of it.'],
  ['observedGeneration', 'The metadata.generation that this is about.'],
  ['reason', 'Why, in one word.'],
  ['message', 'Why, for people.'],
  ['lastTransitionTime', 'When it last changed.'],
  ['lastUpdateTime', 'When it was last looked at.'],
  ['fsType', 'File system of the volume.'],
  ['readOnly', 'Whether it can only be read.'],
  ['secretRef', 'Secret with credentials.'],
  ['optional', 'Whether it will do that it is not there.'],
  ['defaultMode', 'Permissions of files that say nothing themselves; 0644 by default.'],
  ['name', 'Its name.'],
]);

const condition: ReadonlyMap<string, string> = new Map([
  ['type', 'What may hold.'],
  ['status', 'Whether it does: True, False or Unknown.'],
]);

/**
 * The project's own words for `kubectl explain`. They are as large as the rest of the type model, and nobody needs them
 * but OpenAPI: load them when a document is to be made.
 */
export async function loadDocs(): Promise<Docs> {
  const { texts } = await import('./texts.ts');
  return new Docs(new Map(Object.entries(texts).map(([file, text]) => [file, parseDocs(text)])));
}

export class Docs {
  readonly #files: ReadonlyMap<string, ReadonlyMap<string, TypeDocs>>;

  constructor(files: ReadonlyMap<string, ReadonlyMap<string, TypeDocs>>) {
    this.#files = files;
  }

  /** `name` as schemas have it: "core/v1.PodSpec". */
  type(name: string): string | undefined {
    const [file, type] = split(name);
    const types = this.#files.get(file);
    // Custom resources say themselves what they are for.
    if (!types) return undefined;
    const found = types.get(type);
    if (found) return found.type;
    const list = /^(.*)List$/.exec(type)?.[1];
    return list === undefined ? undefined : `A list of ${list} objects.`;
  }

  field(name: string, field: string): string | undefined {
    const [file, type] = split(name);
    const own = this.#find(file, type, field, 0);
    if (own !== undefined) return own;
    return (type.endsWith('Condition') ? condition.get(field) : undefined) ?? common.get(field);
  }

  #find(file: string, type: string, field: string, depth: number): string | undefined {
    const docs = this.#files.get(file)?.get(type);
    const said = docs?.fields.get(field);
    if (said !== undefined) return said;
    // Types are like one another a few steps at most.
    if (depth > 4) return undefined;
    if (docs?.like !== undefined) {
      const found = this.#find(file, docs.like, field, depth + 1);
      if (found !== undefined) return found;
    }
    for (const inner of inlined(file, type)) {
      const found = this.#find(file, inner, field, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Lines of "Type: sentence", "Type < Like: sentence", and with two spaces before them "field: sentence". */
export function parseDocs(text: string): ReadonlyMap<string, TypeDocs> {
  const types = new Map<string, TypeDocs & { readonly fields: Map<string, string> }>();
  let fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const colon = line.indexOf(': ');
    if (colon < 0) throw new Error(`no sentence in ${JSON.stringify(line)}`);
    const name = line.slice(0, colon);
    const sentence = line.slice(colon + 2);
    if (name.startsWith('  ')) {
      fields.set(name.trim(), sentence);
      continue;
    }
    const [type = '', like] = name.split(' < ');
    fields = new Map();
    types.set(type, { type: sentence, fields, ...(like !== undefined && { like }) });
  }
  return types;
}

function split(name: string): readonly [file: string, type: string] {
  const dot = name.indexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
}

const byFile: ReadonlyMap<string, GroupVersionData> = new Map(groupVersions.map((gv) => [fileOf(gv), gv]));

/** Types whose fields are lifted into this one, of the same package. */
function inlined(file: string, type: string): readonly string[] {
  const fields = Object.values(byFile.get(file)?.types[type]?.fields ?? {});
  return fields.flatMap((field) => (field.inline && field.type && !field.type.includes('.') ? [field.type] : []));
}
