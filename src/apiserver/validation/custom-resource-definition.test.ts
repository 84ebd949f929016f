import { describe, expect, test } from 'vitest';
import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import type { JsonSchema } from '../custom/schema/structural.ts';
import {
  validateCustomResourceDefinition,
  validateCustomResourceDefinitionUpdate,
} from './custom-resource-definition.ts';

function definition(schema: JsonSchema, more: object = {}): CustomResourceDefinition {
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more };
  // As the API has it: in JSON a schema is written where the type has the union it came from.
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.crda.dev' },
    spec: {
      group: 'crda.dev',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [version],
      conversion: { strategy: 'None' },
    },
    status: { acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] },
  } as unknown as CustomResourceDefinition;
}

const AT = 'spec.validation.openAPIV3Schema';
const complaints = (schema: JsonSchema, more: object = {}): string[] =>
  validateCustomResourceDefinition(definition(schema, more)).map(({ field, body }) => `${field}: ${body}`);
const ofSpec = (spec: JsonSchema): JsonSchema => ({ type: 'object', properties: { spec } });

describe('schemas', () => {
  test('are structural', () => {
    expect(complaints({ type: 'object' })).toEqual([]);
    expect(complaints({})).toEqual([`${AT}.type: Required value: must not be empty at the root`]);
    expect(complaints(ofSpec({ type: 'string', anyOf: [{ type: 'string' }] }))).toEqual([
      `${AT}.properties[spec].anyOf[0].type: Forbidden: must be empty to be structural`,
    ]);
    // Only what is said of the whole object must be about what the spine knows.
    expect(complaints({ type: 'object', allOf: [{ properties: { a: { maxLength: 1 } } }] })).toEqual([
      `${AT}.properties[a]: Required value: because it is defined in ${AT}.allOf[0].properties[a]`,
    ]);
  });

  test('have keys in lists that are maps, and defaults that fit', () => {
    const list: JsonSchema = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', properties: { k: { type: 'string' } } },
    };
    expect(complaints(ofSpec(list))).toEqual([
      `${AT}.properties[spec].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ]);
    expect(complaints(ofSpec({ type: 'object', default: { a: 1 } }))).toEqual([
      `${AT}.properties[spec].default: Invalid value: {"a":1}: must not have unknown fields`,
    ]);
  });
});

describe('rules', () => {
  const text = (rule: string, more: object = {}): JsonSchema =>
    ofSpec({ type: 'array', items: { type: 'string', 'x-kubernetes-validations': [{ rule, ...more }] } });
  const at = `${AT}.properties[spec].items.x-kubernetes-validations[0]`;

  test('compile, and cost no more than they may', () => {
    expect(complaints(text('self'))).toEqual([
      `${at}.rule: Invalid value: {"Rule":"self","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
    ]);
    expect(complaints(text('self.contains("x")'))).toContainEqual(
      `${at}.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    );
  });

  test('ask for old values where there can be any', () => {
    expect(complaints(text('self == oldSelf', {}))).toContainEqual(
      `${at}.rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${AT}.properties[spec]`,
    );
  });
});

describe('the rest', () => {
  test('columns, paths, selectable fields', () => {
    expect(
      complaints({ type: 'object' }, { additionalPrinterColumns: [{ name: 'a', type: 'x', jsonPath: 'y' }] }),
    ).toEqual([
      'spec.additionalPrinterColumns[0].type: Invalid value: "x": must be one of boolean,date,integer,number,string',
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "y": must be a simple json path starting with .',
    ]);
    expect(complaints(ofSpec({ type: 'object' }), { selectableFields: [{ jsonPath: '.spec' }] })).toHaveLength(1);
  });

  test('what an established definition may not change', () => {
    const old = definition({ type: 'object' });
    const established = { ...old.status, conditions: [{ type: 'Established', status: 'True' }] };
    const before = { ...old, status: established } as CustomResourceDefinition;
    const changed: CustomResourceDefinition = { ...before, spec: { ...old.spec, scope: 'Cluster' } };
    const found = validateCustomResourceDefinitionUpdate(changed, before);
    expect(found.map(({ field, body }) => `${field}: ${body}`)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
    ]);
  });

  test('a schema that was not structural when it was stored may stay so where unknown fields are kept', () => {
    const old = definition({ type: 'object', properties: { a: {} } });
    const before = { ...old, spec: { ...old.spec, preserveUnknownFields: true } };
    expect(validateCustomResourceDefinitionUpdate(before, before)).toEqual([]);
  });
});
