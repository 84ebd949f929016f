import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Target } from '../apiserver/core.ts';
import { LmdbStore } from '../store/lmdb.ts';
import { realClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { generateKey, privateKeyPem } from '../utils/x509.ts';
import { type ControlPlane, createControlPlane } from './control-plane.ts';

const GROUP = 'example.com';
const context = {
  user: { name: 'admin', groups: ['system:masters', 'system:authenticated'] },
  userAgent: 'test',
  warn: () => {},
};
const serviceAccountKey = privateKeyPem(generateKey().privateKey);
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'skiff-restart-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A control plane over the same files each time, as soon as it says that it is ready. */
async function running<T>(use: (plane: ControlPlane) => Promise<T>): Promise<T> {
  const store = await LmdbStore.open({ path: join(directory, 'store'), clock: realClock, log: silent });
  try {
    const plane = await createControlPlane({
      store,
      clock: realClock,
      log: silent,
      serviceAccountKey,
      authorizationMode: 'AlwaysAllow',
      serviceClusterIpRange: '10.96.0.0/16',
      serviceNodePorts: [30000, 32767],
    });
    try {
      return await use(plane);
    } finally {
      await plane.close();
    }
  } finally {
    await store.close();
  }
}

function at({ core }: ControlPlane, group: string, plural: string, name = '', subresource = ''): Target {
  const resource = core.resources.find(group, 'v1', plural);
  if (!resource) throw new Error(`${plural} are not served`);
  return { resource, namespace: group === GROUP ? 'default' : '', name, subresource };
}

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { size: { type: 'string', default: 'M' } } },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
};
const definitions = 'apiextensions.k8s.io';
const PLURAL = 'customresourcedefinitions';

test('custom resources are served from the moment a restarted control plane is ready', async () => {
  const before = await running(async (plane) => {
    const { core } = plane;
    await core.create(context, at(plane, definitions, PLURAL), { object: definition }, {});
    for (let i = 0; i < 1000 && !core.resources.find(GROUP, 'v1', 'widgets'); i++) await settle();
    const object = { apiVersion: `${GROUP}/v1`, kind: 'Widget', metadata: { name: 'a' }, spec: {} };
    await core.create(context, at(plane, GROUP, 'widgets'), { object }, {});
    const condition = { type: 'Ready', status: 'True', reason: 'Made', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const value = { status: { conditions: [condition] } };
    await core.patch(context, at(plane, GROUP, 'widgets', 'a', 'status'), { type: 'merge', value }, {});
    return shown(plane);
  });
  expect(before).toMatchObject({
    definition: { status: { conditions: [{ type: 'NamesAccepted' }, { type: 'Established', status: 'True' }] } },
    widget: { spec: { size: 'M' }, status: { conditions: [{ type: 'Ready', reason: 'Made' }] } },
    listed: ['a'],
  });
  // Nothing is waited for, and nothing is written: resourceVersions and times of transition are the same.
  expect(await running(shown)).toEqual(before);
});

async function shown(plane: ControlPlane) {
  const { core } = plane;
  const list = await core.list(context, at(plane, GROUP, 'widgets'), {});
  return {
    definition: (await core.get(context, at(plane, definitions, PLURAL, `widgets.${GROUP}`), {})).object,
    widget: (await core.get(context, at(plane, GROUP, 'widgets', 'a'), {})).object,
    listed: list.items.map(({ object }) => object.metadata.name),
  };
}
