import { expect, test } from 'vitest';
import { ProtoReader } from '../../schema/protobuf-wire.ts';
import { builtInResources } from '../http/fake-core.ts';
import { OpenApiDocuments } from './documents.ts';
import { encodeGnostic } from './gnostic.ts';
import { inSlices } from './slices.ts';

/** The fields of a message by tag; bytes as they are, numbers as they are. */
function fields(message: Buffer): Map<number, (Buffer | number)[]> {
  const found = new Map<number, (Buffer | number)[]>();
  const reader = new ProtoReader(message);
  while (reader.next()) {
    const value = reader.wire === 2 ? reader.bytes() : reader.integer();
    found.set(reader.tag, [...(found.get(reader.tag) ?? []), value]);
  }
  return found;
}

const isBytes = (value: Buffer | number): value is Buffer => value instanceof Buffer;

/** What is at the end of a path of tags; each step takes the first field of its tag. */
function at(message: Buffer, ...path: number[]): Buffer | number | undefined {
  let value: Buffer | number | undefined = message;
  for (const tag of path) value = value instanceof Buffer ? fields(value).get(tag)?.[0] : undefined;
  return value;
}

/** Named entries: name is 1, value is 2. */
function entry(map: unknown, tag: number, name: string): Buffer {
  const entries = map instanceof Buffer ? (fields(map).get(tag) ?? []) : [];
  const found = entries.find((one) => one instanceof Buffer && String(at(one, 1)) === name);
  const value = found instanceof Buffer ? at(found, 2) : undefined;
  if (!(value instanceof Buffer)) throw new Error(`no ${name}`);
  return value;
}

test('the numbers are those of gnostic', async () => {
  const message = await inSlices(
    encodeGnostic({
      swagger: '2.0',
      info: { title: 'T', version: '1' },
      paths: {
        '/a': {
          get: { operationId: 'g', responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/A' } } } },
          parameters: [
            { name: 'p', in: 'path', required: true, type: 'string', uniqueItems: true },
            { name: 'q', in: 'query', type: 'integer' },
            { name: 'body', in: 'body', required: true, schema: { type: 'object' } },
          ],
        },
      },
      definitions: {
        A: {
          type: 'object',
          required: ['x', 'y'],
          properties: {
            x: { type: 'array', items: { type: 'string', enum: ['b', 'c'] } },
            y: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } },
          },
          'x-kubernetes-group-version-kind': [{ group: '', kind: 'A', version: 'v1' }],
        },
      },
      security: [{ BearerToken: [] }],
      securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    }),
  );
  const text = (from: Buffer, ...path: number[]) => String(at(from, ...path));
  expect([text(message, 1), text(message, 2, 1), text(message, 2, 2)]).toEqual(['2.0', 'T', '1']);

  const item = entry(at(message, 8), 2, '/a');
  const ok = entry(at(item, 2, 9), 1, '200');
  expect([text(item, 2, 5), text(ok, 1, 1), text(ok, 1, 2, 1, 1)]).toEqual(['g', 'OK', '#/definitions/A']);
  const [inPath, inQuery, body] = (fields(item).get(9) ?? []).filter(isBytes);
  if (!inPath || !inQuery || !body) throw new Error('parameters are missing');
  const ofPath = (tag: number) => String(at(inPath, 1, 2, 4, tag));
  expect([1, 2, 4, 5, 19].map(ofPath)).toEqual(['1', 'path', 'p', 'string', '1']);
  expect([2, 4, 6].map((tag) => text(inQuery, 1, 2, 3, tag))).toEqual(['query', 'q', 'integer']);
  expect([2, 3, 4].map((tag) => text(body, 1, 1, tag))).toEqual(['body', 'body', '1']);
  expect(text(body, 1, 1, 5, 22, 1)).toBe('object');

  const definition = entry(at(message, 9), 1, 'A');
  expect([text(definition, 22, 1), fields(definition).get(19)?.map(String)]).toEqual(['object', ['x', 'y']]);
  const list = entry(at(definition, 25), 1, 'x');
  const values = at(list, 23, 1);
  expect(
    values instanceof Buffer &&
      fields(values)
        .get(20)
        ?.map((one) => one instanceof Buffer && text(one, 2)),
  ).toEqual(['"b"\n', '"c"\n']);
  expect(text(entry(at(definition, 25), 1, 'y'), 21, 1, 2)).toBe('byte');
  expect(text(entry(definition, 31, 'x-kubernetes-group-version-kind'), 2)).toBe(
    '[{"group":"","kind":"A","version":"v1"}]\n',
  );

  const key = entry(at(message, 13), 1, 'BearerToken');
  expect([1, 2, 3].map((tag) => text(key, 2, tag))).toEqual(['apiKey', 'authorization', 'header']);
  expect(text(message, 12, 1, 1)).toBe('BearerToken');
});

test('the whole document has a field for everything it says', async () => {
  const documents = new OpenApiDocuments(builtInResources());
  const { definitions, paths } = JSON.parse((await documents.v2()).bytes.toString());
  const { bytes } = await documents.v2Protobuf();
  const names = (map: unknown, tag: number) =>
    map instanceof Buffer && (fields(map).get(tag) ?? []).map((one) => one instanceof Buffer && String(at(one, 1)));
  expect(names(at(bytes, 9), 1)).toEqual(Object.keys(definitions));
  expect(names(at(bytes, 8), 2)).toEqual(Object.keys(paths));
});

test('documents are made once, and while they are made others have their turn', async () => {
  const documents = new OpenApiDocuments(builtInResources());
  const order: string[] = [];
  const made = documents.v2Protobuf().then((document) => {
    order.push('document');
    return document;
  });
  setImmediate(() => order.push('other'));
  expect(await documents.v2Protobuf()).toBe(await made);
  expect(order).toEqual(['other', 'document']);
});

test('what gnostic has no field for is left out, what is of another type refused', async () => {
  const bytes = (definition: object) => inSlices(encodeGnostic({ definitions: { A: definition } }));
  expect(await bytes({ oneOf: [] })).toEqual(await bytes({}));
  await expect(bytes({ format: 1 })).rejects.toThrow('not a string: 1');
});
