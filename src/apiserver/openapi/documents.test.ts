import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInResources } from '../http/fake-core.ts';
import { OpenApiDocuments } from './documents.ts';

const facts = '../shared/facts/openapi-v2.json';
type Json = { [key: string]: unknown };
interface OpenApi {
  readonly paths: Record<string, Json>;
  readonly definitions: Record<string, Json>;
}

/** What a schema means, without the words and without the lists of group-versions that Skiff does not have. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, v]) => !(key === 'description' && typeof v === 'string') && key !== 'x-kubernetes-group-version-kind',
  );
  return Object.fromEntries(kept.map(([key, v]) => [key, meaning(v)]));
}

/** Its caBundle is bytes, of which Kubernetes says that they are an atomic list. */
const known = /APIServiceSpec/;

test.skipIf(!existsSync(facts))('definitions and paths are those of v1.36 (needs ../shared)', async () => {
  const expected: OpenApi = JSON.parse(readFileSync(facts, 'utf8'));
  const made: OpenApi = JSON.parse((await new OpenApiDocuments(builtInResources()).v2()).bytes.toString());
  const names = Object.keys(expected.definitions).filter((name) => made.definitions[name] && !known.test(name));
  expect(Object.keys(expected.definitions).filter((name) => !made.definitions[name])).toEqual([]);
  for (const name of names) {
    expect(meaning(made.definitions[name]), name).toEqual(meaning(expected.definitions[name]));
  }
  for (const [path, item] of Object.entries(expected.paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete', 'options', 'head']) {
      const want = item[method] as Json | undefined;
      const got = made.paths[path]?.[method] as Json | undefined;
      expect(got !== undefined, `${method} ${path}`).toBe(want !== undefined);
      for (const key of ['operationId', 'x-kubernetes-action', 'x-kubernetes-group-version-kind', 'responses']) {
        expect(meaning(got?.[key]), `${method} ${path} ${key}`).toEqual(meaning(want?.[key]));
      }
    }
  }
});

test('every reference of every document leads somewhere', async () => {
  const documents = new OpenApiDocuments(builtInResources());
  const index = JSON.parse((await documents.v3Index()).bytes.toString()).paths;
  for (const path of Object.keys(index)) {
    const text = (await documents.v3(path))?.bytes.toString() ?? '';
    const { schemas } = JSON.parse(text).components;
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      expect(schemas, `${path} ${name}`).toHaveProperty([name]);
    }
  }
});

test('kubectl asks the PATCH of a kind whether it knows fieldValidation', async () => {
  const document = JSON.parse(
    (await new OpenApiDocuments(builtInResources()).v3('apis/apps/v1'))?.bytes.toString() ?? '',
  );
  const patch = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'].patch;
  expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', kind: 'Deployment', version: 'v1' });
  expect(patch.parameters.map((p: { name: string }) => p.name)).toContain('fieldValidation');
});
