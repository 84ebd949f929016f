import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.gen.ts';
import { validateEphemeralContainersUpdate, validatePodUpdate } from './pod.ts';
import { validatePodResize } from './pod-resize.ts';

const pod = (spec: Partial<Pod['spec']>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    containers: [container({})],
    ...spec,
  },
  status: { qosClass: 'BestEffort' },
});
const container = (more: Partial<Pod['spec']['containers'][number]>): Pod['spec']['containers'][number] => ({
  name: 'a',
  image: 'i',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'Always',
  ...more,
});

describe('what cannot be changed of a pod', () => {
  test('is shown as a diff in the names and order of Kubernetes\u2019 own types', () => {
    const [complaint, ...more] = validatePodUpdate(
      pod({ containers: [container({ env: [{ name: 'A', value: 'B' }] })] }),
      pod({}),
    );
    expect(more).toEqual([]);
    expect(complaint?.field).toBe('spec');
    const [, diff] = complaint?.body.split('previously negative)\n') ?? [];
    expect(diff).toContain(
      [
        '    "Ports": null,',
        '    "EnvFrom": null,',
        '-   "Env": null,',
        '+   "Env": [',
        '+    {',
        '+     "Name": "A",',
        '+     "Value": "B",',
        '+     "ValueFrom": null',
        '+    }',
        '+   ],',
        '    "Resources": {',
        '     "Limits": null,',
        '     "Requests": null,',
      ].join('\n'),
    );
  });

  test('an image can', () => {
    expect(validatePodUpdate(pod({ containers: [container({ image: 'other' })] }), pod({}))).toEqual([]);
  });

  test('debugging containers stay as they are', () => {
    const debug = (image: string): Pod => pod({ ephemeralContainers: [{ ...container({ name: 'dbg', image }) }] });
    const [complaint] = validateEphemeralContainersUpdate(debug('changed'), debug('i'));
    expect(complaint?.body).toBe(
      'Forbidden: existing ephemeral containers "dbg" may not be changed\n' +
        '@@ -1,6 +1,6 @@\n {\n  "Name": "dbg",\n- "Image": "i",\n+ "Image": "changed",\n  "Command": null,\n  "Args": null,\n  "WorkingDir": "",\n',
    );
  });
});

describe('a resize', () => {
  const sized = (requests: Record<string, string>): Pod => ({
    ...pod({ containers: [container({ resources: { requests } })] }),
    status: { qosClass: 'Burstable' },
  });

  test('changes CPU and memory', () => {
    expect(validatePodResize(sized({ cpu: '2' }), sized({ cpu: '1' }))).toEqual([]);
  });

  test('takes nothing away and changes nothing else', () => {
    const removed = validatePodResize(sized({ cpu: '1' }), sized({ cpu: '1', memory: '1Gi' }));
    expect(removed.map(({ field, body }) => `${field}: ${body}`)).toEqual([
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ]);
    const other = validatePodResize(
      sized({ cpu: '1', 'ephemeral-storage': '2Gi' }),
      sized({ cpu: '1', 'ephemeral-storage': '1Gi' }),
    );
    expect(other.map(({ body }) => body)).toEqual(['Forbidden: only cpu and memory resources are mutable']);
  });

  test('keeps the class of service', () => {
    const best = { ...pod({}), status: { qosClass: 'BestEffort' as const } };
    const found = validatePodResize({ ...sized({ cpu: '1' }), status: best.status }, best);
    expect(found.map(({ body }) => body)).toContain(
      'Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing',
    );
  });
});
