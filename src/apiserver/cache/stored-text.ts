import type { KubeObject } from '../../api/resource.ts';
import { FieldSet } from '../../schema/field-set.ts';
import { isJsonObject } from '../../schema/json.ts';

/**
 * JSON as it is stored: without the resourceVersion, which the revision of the write is. Sets of fields are much of it
 * and mostly the same objects (see FieldSet), so that their text is made once and put where a mark stands.
 */
export function storedText(object: KubeObject): string {
  const { managedFields } = object.metadata;
  if (!managedFields?.length) {
    return JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: undefined } });
  }
  let entries = '';
  for (const entry of managedFields) {
    const { fieldsV1 } = entry;
    if (entries !== '') entries += ',';
    entries += isJsonObject(fieldsV1)
      ? put(JSON.stringify({ ...entry, fieldsV1: 0 }), FIELDS, FieldSet.textOf(fieldsV1))
      : JSON.stringify(entry);
  }
  const marked = { ...object, metadata: { ...object.metadata, resourceVersion: undefined, managedFields: 0 } };
  return put(JSON.stringify(marked), MANAGED_FIELDS, `[${entries}]`);
}

// Nothing in metadata or in an entry has this form but the field itself: within strings quotes are escaped, and what
// else has names that clients choose has strings for values.
const MANAGED_FIELDS = '"managedFields":0';
const FIELDS = '"fieldsV1":0';

/** `value` in place of the 0 at the end of the first `mark`. */
function put(text: string, mark: string, value: string): string {
  const end = text.indexOf(mark) + mark.length;
  return text.slice(0, end - 1) + value + text.slice(end);
}
