import { expect, test } from 'vitest';
import { model } from '../api/model.ts';
import { configurationProblems } from './configuration-problems.ts';

const problems = (spec: unknown) => configurationProblems(model.type('apps/v1.Deployment'), { spec });
const pod = (spec: unknown) => problems({ template: { spec } });
const at = '.spec.template.spec';

// As a v1.36 API server says them.
test.each([
  [problems({ replicas: 'x' }), '.spec.replicas: expected numeric (int or float), got string'],
  [problems({ paused: 1 }), '.spec.paused: expected boolean, got &{1}'],
  [problems([]), '.spec: expected map, got &{[]}'],
  [problems({ nosuch: 1, replicas: 'x' }), '.spec.nosuch: field not declared in schema'],
  [pod({ containers: 'x' }), `${at}.containers: expected list, got &{x}`],
  [pod({ containers: {} }), `${at}.containers: expected list, got &{map[]}`],
  [pod({ nodeSelector: [] }), `${at}.nodeSelector: expected map, got &{[]}`],
  [pod({ containers: [null] }), `${at}.containers: element 0: associative list with keys may not have a null element`],
  [pod({ containers: ['x'] }), `${at}.containers: element 0: associative list with keys may not have non-map elements`],
  [
    pod({ containers: [{ name: 5 }] }),
    `${at}.containers[name=5].name: expected string, got &value.valueUnstructured{Value:5}`,
  ],
  [
    pod({ containers: [{ name: 'a', ports: [{ containerPort: 1 }, { containerPort: 1 }] }] }),
    `${at}.containers[name="a"].ports: duplicate entries for key [containerPort=1,protocol="TCP"]`,
  ],
])('%j', (found, expected) => {
  expect(found).toEqual([expected]);
});

test('what is null, of a free form or of several types is no problem', () => {
  const resources = { limits: { cpu: 1, memory: '1Gi' } };
  const container = { name: 'a', resources, livenessProbe: { httpGet: { port: 'http' } } };
  expect(problems({ replicas: null, template: { spec: { containers: [container] } } })).toEqual([]);
});
