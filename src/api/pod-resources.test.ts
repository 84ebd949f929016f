import { expect, test } from 'vitest';
import { podTotals } from './pod-resources.ts';

// Pods come to admission before anybody has looked at their names.
test('resources may be called what every object has', () => {
  const limits = JSON.parse('{"constructor": "3", "__proto__": "100m", "toString": "1"}');
  const containers = [
    { name: 'a', resources: { limits } },
    { name: 'b', resources: { limits } },
  ];
  const init = { name: 'i', resources: { limits: { constructor: '9', valueOf: '2' } } };
  const totals = podTotals({ containers, initContainers: [init], overhead: { hasOwnProperty: '1' } }, 'limits');
  expect(Object.entries(totals).sort()).toEqual([
    ['constructor', '9'],
    ['toString', '2'],
    ['valueOf', '2'],
  ]);
});
