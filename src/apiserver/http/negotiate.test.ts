import { expect, test } from 'vitest';
import { bodyMediaType, checkRouteAccepts, negotiate, plainJson, wantsPretty } from './negotiate.ts';

const all = { table: true, metadata: true, protobuf: true, stream: false };
const form = (accept: string | undefined, offer = all) => {
  const { mediaType, as, metaVersion } = negotiate(accept, offer);
  return [mediaType.slice('application/'.length), as, as && metaVersion].filter(Boolean).join(' ');
};

test.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'vnd.kubernetes.protobuf'],
  ['application/vnd.kubernetes.protobuf,application/json', 'vnd.kubernetes.protobuf'],
  ['application/json;q=0.5, application/yaml', 'yaml'],
  ['text/html, */*;q=0.1', 'json'],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json Table v1'],
  ['application/json;as=Table;g=meta.k8s.io;v=v1beta1', 'json Table v1beta1'],
  ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'json PartialObjectMetadataList v1'],
  ['application/json;as=Table;g=other;v=v1, application/json', 'json'],
  ['application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json', 'json'],
  ['application/json;stream=watch', 'json'],
])('%s gives %s', (accept, expected) => {
  expect(form(accept)).toBe(expected);
});

test('what is not offered is passed over, and 406 names what is', () => {
  expect(form('application/json;as=Table;g=meta.k8s.io;v=v1,application/json', { ...all, table: false })).toBe('json');
  expect(() => negotiate('text/html', all)).toThrow(
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
  expect(() => negotiate('application/yaml', { ...all, stream: true })).toThrow(
    'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
  );
});

test('equal forms are one object, so that they can key caches', () => {
  const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  expect(negotiate(accept, all)).toBe(negotiate(`${accept};q=0.9`, all));
  expect(negotiate('application/json;charset=utf-8', all)).toBe(plainJson);
});

test('the media type of a body', () => {
  expect(bodyMediaType(undefined, true)).toBe('application/json');
  expect(bodyMediaType('application/YAML; charset=utf-8', true)).toBe('application/yaml');
  expect(() => bodyMediaType('text/plain', true)).toThrow('the body of the request was in an unknown format');
  expect(() => bodyMediaType('application/vnd.kubernetes.protobuf', false)).toThrow(
    'application/json, application/yaml',
  );
});

test('people get it pretty, programs do not', () => {
  const query = (text: string) => new URLSearchParams(text);
  expect(wantsPretty(undefined, 'curl/8.0')).toBe(true);
  expect(wantsPretty(undefined, 'kubectl/v1.36')).toBe(false);
  expect(wantsPretty(query('pretty=0'), 'curl/8.0')).toBe(false);
  expect(wantsPretty(query('pretty=true'), 'kubectl')).toBe(true);
});

test('the router of built-in resources knows media types by their bare names only', () => {
  const refused = (accept: string, collection = false) => {
    try {
      checkRouteAccepts(accept, collection);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  for (const fine of ['', '*/*', 'text/plain, */*;q=0.1', 'application/json;as=Table', 'application/yaml;q=0']) {
    expect(refused(fine)).toBeUndefined();
  }
  const three = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  for (const wrong of ['text/plain', 'application/*', 'APPLICATION/JSON', 'application/cbor', ',']) {
    expect(refused(wrong)).toBe(`406: Not Acceptable\n\nAvailable representations: ${three}`);
  }
  expect(refused('text/plain', true)).toBe(
    `406: Not Acceptable\n\nAvailable representations: ${three}, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch`,
  );
});
