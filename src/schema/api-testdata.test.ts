import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { model } from '../api/model.ts';
import { parseApiVersion } from '../api/resource.ts';
import { decodeKind } from './decode.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { decodeProto, encodeProto, openProto } from './protobuf.ts';

const directory = '../shared/api-testdata';
const present = existsSync(directory);
const names = present
  ? readdirSync(directory)
      .filter((f) => f.endsWith('.json'))
      .map((f) => f.slice(0, -'.json'.length))
  : [];

const read = (name: string) => readFileSync(`${directory}/${name}`);

/** The event of a watch is no kind: its JSON has neither apiVersion nor kind. */
function schemaOf(value: JsonObject, name: string) {
  if (name.endsWith('.WatchEvent')) return { schema: model.type('meta/v1.WatchEvent'), gvk: undefined };
  const gvk = { apiVersion: String(value.apiVersion), kind: String(value.kind) };
  const gv = parseApiVersion(gvk.apiVersion);
  const schema = gv && model.kind(gv.group, gv.version, gvk.kind);
  if (!schema) throw new Error(`no schema for ${name}`);
  return { schema, gvk };
}

describe.skipIf(!present)('objects of every kind, from Kubernetes (skipped without ../shared)', () => {
  it('are there', () => expect(names.length).toBeGreaterThan(85));

  it.each(names)('%s', (name) => {
    const json: unknown = JSON.parse(read(`${name}.json`).toString());
    if (!isJsonObject(json)) throw new Error('not an object');
    const { schema, gvk } = schemaOf(json, name);
    if (!gvk) return;

    const fromJson = decodeKind(schema, gvk, json, { defaults: false });
    // What a later version made of the object may have fields that this one does not know, and must drop.
    const later = name.includes('after_roundtrip');
    if (!later) {
      expect(fromJson.unknown).toEqual([]);
      expect(JSON.stringify(fromJson.object)).toBe(JSON.stringify(json));
    }

    const yaml: unknown = parse(read(`${name}.yaml`).toString());
    expect(decodeKind(schema, gvk, yaml, { defaults: false }).object).toEqual(fromJson.object);

    const bytes = read(`${name}.pb`);
    expect(openProto(bytes)).toMatchObject(gvk);
    const fromProto = decodeProto(schema, bytes);
    expect(decodeKind(schema, gvk, fromProto.object, { defaults: false }).object).toEqual(fromJson.object);
    if (!later) expect(encodeProto(schema, gvk, fromJson.object).equals(bytes)).toBe(true);
  });
});
