import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.gen.ts';
import { model } from '../../api/model.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { decodeBody, type ExpectedKind } from './body.ts';

const expected: ExpectedKind = { group: '', version: 'v1', kind: 'Pod', schema: model.type('core/v1.Pod') };
const body = (more: object = {}) => ({
  mediaType: 'application/json' as const,
  bytes: Buffer.from(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'web-', labels: { app: 'web' }, ...more },
      spec: {
        containers: [
          { name: 'web', image: 'web', env: [{ name: 'A', value: 'b' }], resources: { limits: { cpu: 1 } } },
        ],
      },
    }),
  ),
});
const decode = (from: ReturnType<typeof body>, validation = 'Warn', warn = (_: string) => {}): Mutable<Pod> =>
  // The schema above is the pod's.
  decodeBody(expected, from, validation, warn) as Mutable<KubeObject> as Mutable<Pod>;

describe('a body that comes again', () => {
  test('gives equal objects, each to be changed without the others', () => {
    const first = decode(body());
    const others = [decode(body()), decode(body()), decode(body())];
    for (const other of others) {
      expect(other).toStrictEqual(first);
      other.metadata.labels = { ...other.metadata.labels, changed: 'yes' };
      if (other.metadata.labels) other.metadata.labels.app = 'changed';
      const [container] = other.spec.containers;
      if (container?.resources?.limits) container.resources.limits.cpu = '2';
      if (container) container.volumeMounts = [{ name: 'a', mountPath: '/a' }];
    }
    expect(decode(body())).toStrictEqual(first);
  });

  test('shares the environment of containers, which nobody can change', () => {
    const [, , a, b] = [1, 2, 3, 4].map(() => decode(body()).spec.containers[0]?.env);
    expect(a).toBe(b);
    expect(Object.isFrozen(a?.[0])).toBe(true);
  });

  test('is told what is wrong with it each time, in each way of validation', () => {
    const strange = body({ colour: 'red' });
    for (let i = 0; i < 4; i++) {
      const warnings: string[] = [];
      decode(strange, 'Warn', (text) => warnings.push(text));
      expect(warnings).toEqual(['unknown field "metadata.colour"']);
      expect(() => decode(strange, 'Strict')).toThrow('strict decoding error: unknown field "metadata.colour"');
      decode(strange, 'Ignore', () => expect.unreachable());
    }
  });

  test('of other bytes is another', () => {
    for (const name of ['a', 'b', 'a', 'b', 'a', 'b']) {
      expect(decode(body({ generateName: name })).metadata.generateName).toBe(name);
    }
  });

  test('is remembered while others come between, and forgotten after many', () => {
    const others = (count: number) => {
      for (let i = 0; i < count; i++) for (let n = 0; n < 2; n++) decode(body({ generateName: `other-${count}-${i}` }));
    };
    for (let i = 0; i < 2; i++) decode(body());
    const kept = decode(body()).spec.containers[0]?.env;
    others(50);
    expect(decode(body()).spec.containers[0]?.env).toBe(kept);
    others(100);
    expect(decode(body()).spec.containers[0]?.env).not.toBe(kept);
  });
});
