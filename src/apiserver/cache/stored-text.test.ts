import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../api/resource.ts';
import { FieldSet } from '../../schema/field-set.ts';
import { storedTexts } from './stored-text.ts';

const object = (more: object): KubeObject => {
  const metadata = { name: 'a', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z', ...more };
  return Object.assign({ kind: 'ConfigMap', apiVersion: 'v1', metadata }, { data: { b: 'c' } });
};
const set = FieldSet.fromFieldsV1({ 'f:data': { 'f:b': {} } })?.toFieldsV1();
const entry = (more: object) => ({ operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', ...more });

describe('the text that is stored', () => {
  test.each([
    ['without owners', {}],
    ['with no owner', { managedFields: [] }],
    ['with owners', { managedFields: [entry({ fieldsV1: set, subresource: 'status' }), entry({ fieldsV1: set })] }],
    ['with sets that no set made', { managedFields: [entry({ fieldsV1: { 'f:x': {} } }), entry({})] }],
    [
      'with texts that look like marks',
      {
        labels: { managedFields: '0' },
        annotations: { a: '"managedFields":0', managedFields: '"managedFields":0' },
        managedFields: [entry({ manager: '"fieldsV1":0', fieldsV1: set })],
      },
    ],
    ['with dollars', { managedFields: [entry({ manager: '$&$1', fieldsV1: { "f:$'": {} } })] }],
  ])('is JSON.stringify, %s', (_, metadata) => {
    const stored = object(metadata);
    const expected = { ...stored, metadata: { ...stored.metadata, resourceVersion: undefined } };
    expect(storedTexts(stored).join('')).toBe(JSON.stringify(expected));
  });
});
