import { expect, test } from 'vitest';
import { openApi3Of } from './from-v2.ts';

const json = 'application/json';
const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const ref3 = (name: string) => ({ $ref: `#/components/schemas/${name}` });

test('operations have bodies and answers by media type, parameters schemas', () => {
  const group = { group: 'g', version: 'v1', kind: 'Thing' };
  const { paths } = openApi3Of({
    swagger: '2.0',
    paths: {
      '/apis/g/v1/things': {
        parameters: [
          { $ref: '#/parameters/pretty' },
          { name: 'watch', in: 'query', type: 'boolean', uniqueItems: true },
        ],
        post: {
          operationId: 'createThing',
          consumes: [json, 'application/yaml'],
          produces: [json],
          schemes: ['https'],
          parameters: [{ name: 'body', in: 'body', required: true, schema: ref('Thing') }],
          responses: { 200: { description: 'OK', schema: ref('Thing') }, 401: { description: 'Unauthorized' } },
          'x-kubernetes-group-version-kind': group,
        },
      },
    },
  });
  expect(paths).toEqual({
    '/apis/g/v1/things': {
      parameters: [
        { $ref: '#/components/parameters/pretty' },
        { name: 'watch', in: 'query', schema: { type: 'boolean', uniqueItems: true } },
      ],
      post: {
        operationId: 'createThing',
        requestBody: { content: { [json]: { schema: ref3('Thing') }, 'application/yaml': { schema: ref3('Thing') } } },
        responses: {
          200: { description: 'OK', content: { [json]: { schema: ref3('Thing') } } },
          401: { description: 'Unauthorized' },
        },
        'x-kubernetes-group-version-kind': group,
      },
    },
  });
});

test('definitions are schemas, in which references stand alone', () => {
  const { components } = openApi3Of({
    paths: {},
    definitions: {
      Thing: {
        type: 'object',
        properties: {
          metadata: { description: 'the usual', ...ref('Meta') },
          parts: { type: 'array', items: ref('Part') },
          by: { type: 'object', additionalProperties: ref('Part') },
        },
        required: ['parts'],
      },
    },
    securityDefinitions: { token: { type: 'apiKey', name: 'authorization', in: 'header' } },
  });
  expect(components).toEqual({
    schemas: {
      Thing: {
        type: 'object',
        properties: {
          metadata: { description: 'the usual', allOf: [ref3('Meta')] },
          parts: { type: 'array', items: ref3('Part') },
          by: { type: 'object', additionalProperties: ref3('Part') },
        },
        required: ['parts'],
      },
    },
    securitySchemes: { token: { type: 'apiKey', name: 'authorization', in: 'header' } },
  });
});

test('what is no document is refused', () => {
  expect(() => openApi3Of([])).toThrow(TypeError);
});
