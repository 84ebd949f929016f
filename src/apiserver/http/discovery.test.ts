import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compareVersions } from '../../api/version-priority.ts';
import { json, TestServer } from './test-server.ts';

const facts = '../shared/facts/discovery.json';
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

describe.skipIf(!existsSync(facts))('aggregated discovery is that of a v1.36 server (needs ../shared)', () => {
  test.each(['/api', '/apis'])('%s', async (path) => {
    const expected: Record<string, unknown> = JSON.parse(readFileSync(facts, 'utf8'));
    const server = await TestServer.start();
    try {
      const answer = await server.http2('GET', path, { accept: aggregated });
      expect(answer.headers['content-type']).toBe(
        'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      );
      expect(json(answer)).toEqual(expected[path]);
    } finally {
      await server.stop();
    }
  });
});

test('an ETag saves the second answer', async () => {
  const server = await TestServer.start();
  try {
    const { headers } = await server.http1('GET', '/apis', { accept: aggregated });
    const again = await server.http1('GET', '/apis', { accept: aggregated, 'if-none-match': headers.etag ?? '' });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  } finally {
    await server.stop();
  }
});

test('plain discovery', async () => {
  const server = await TestServer.start();
  try {
    expect(json(await server.http1('GET', '/api'))).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const group = json(await server.http1('GET', '/apis/autoscaling'));
    expect(group).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
    const list = json(await server.http1('GET', '/apis/apps/v1'));
    expect(list.resources).toContainEqual({
      name: 'deployments/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    });
    expect((await server.http1('GET', '/apis/apps/v9')).status).toBe(404);
    expect((await server.http1('GET', '/apis/nope.dev/v1')).body.toString()).toBe('404 page not found\n');
  } finally {
    await server.stop();
  }
});

test('versions in order of preference', () => {
  const versions = ['foo1', 'v1alpha1', 'v2', 'v10', 'v1beta2', 'v1', 'v11beta2', 'v1beta10', 'bar'];
  expect(versions.sort(compareVersions)).toEqual([
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v1beta10',
    'v1beta2',
    'v1alpha1',
    'bar',
    'foo1',
  ]);
});
