import { describe, expect, it } from 'vitest';
import { model } from '../api/model.ts';
import type { ObjectSchema } from './model.ts';
import { storedForm } from './stored-form.ts';

function schemaOf(group: string, version: string, type: string): ObjectSchema {
  const schema = model.kind(group, version, type);
  if (!schema) throw new Error(`no ${type}`);
  return schema;
}

describe('storedForm', () => {
  it('puts fields in the order of their type and sorts keys of maps, wherever they were added', () => {
    const pod = {
      kind: 'Pod',
      apiVersion: 'v1',
      spec: {
        restartPolicy: 'Always',
        containers: [{ image: 'i', name: 'c' }],
        volumes: [{ emptyDir: {}, name: 'v' }],
      },
      metadata: { labels: { b: '2', a: '1' }, name: 'p' },
    };
    expect(JSON.stringify(storedForm(schemaOf('', 'v1', 'Pod'), pod))).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"a":"1","b":"2"}},"spec":' +
        '{"volumes":[{"name":"v","emptyDir":{}}],"containers":[{"name":"c","image":"i"}],"restartPolicy":"Always"}}',
    );
  });

  it('makes empty lists null that are always written', () => {
    const range = { metadata: { name: 'l' }, spec: { limits: [] } };
    expect(storedForm(schemaOf('', 'v1', 'LimitRange'), range).spec.limits).toBe(null);
  });

  it('gives back what is in its form already', () => {
    const map = Object.freeze({ metadata: Object.freeze({ name: 'm' }), data: Object.freeze({ a: '1', b: '2' }) });
    expect(storedForm(schemaOf('', 'v1', 'ConfigMap'), map)).toBe(map);
  });

  it('keeps a key called __proto__', () => {
    const map = { metadata: { name: 'm' }, data: JSON.parse('{"b":"1","__proto__":"2"}') };
    expect(JSON.stringify(storedForm(schemaOf('', 'v1', 'ConfigMap'), map).data)).toBe('{"__proto__":"2","b":"1"}');
  });
});
