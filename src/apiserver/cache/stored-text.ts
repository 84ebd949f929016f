import type { KubeObject } from '../../api/resource.ts';
import { FieldSet } from '../../schema/field-set.ts';
import { isJsonObject } from '../../schema/json.ts';

/**
 * JSON as it is stored, in pieces: without the resourceVersion, which the revision of the write is. Sets of fields are
 * much of it and mostly the same objects (see FieldSet), so that their text is made once and put where a mark stands.
 */
export function storedTexts(object: KubeObject): readonly string[] {
  const { managedFields } = object.metadata;
  if (!managedFields?.length) {
    return [JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: undefined } })];
  }
  const text = JSON.stringify({
    ...object,
    metadata: { ...object.metadata, resourceVersion: undefined, managedFields: 0 },
  });
  const end = text.indexOf(MANAGED_FIELDS) + MANAGED_FIELDS.length;
  const pieces = [text.slice(0, end - 1)];
  for (const entry of managedFields) {
    pieces.push(pieces.length === 1 ? '[' : ',');
    const { fieldsV1 } = entry;
    if (!isJsonObject(fieldsV1)) {
      pieces.push(JSON.stringify(entry));
      continue;
    }
    const marked = JSON.stringify({ ...entry, fieldsV1: 0 });
    const at = marked.indexOf(FIELDS) + FIELDS.length;
    pieces.push(marked.slice(0, at - 1), FieldSet.textOf(fieldsV1), marked.slice(at));
  }
  pieces.push(']', text.slice(end));
  return pieces;
}

// Nothing in metadata or in an entry has this form but the field itself: within strings quotes are escaped, and what
// else has names that clients choose has strings for values.
const MANAGED_FIELDS = '"managedFields":0';
const FIELDS = '"fieldsV1":0';
