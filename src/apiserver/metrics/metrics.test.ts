import { expect, test } from 'vitest';
import { errors } from '../../api/errors.ts';
import { model } from '../../api/model.ts';
import { MemoryStore } from '../../store/memory.ts';
import { type Family, Registry } from '../../utils/metrics.ts';
import { AdmissionChain } from '../admission-chain.ts';
import { buildResourceTable } from '../resource-table.ts';
import { meterAuthenticate, meterAuthorizer } from './access.ts';
import { AdmissionMetrics } from './admission.ts';
import { MeteredStore } from './metered-store.ts';

const counts = (family: Family): string[] => {
  const lines: string[] = [];
  family.render(lines);
  return lines.filter((line) => /^\w+(_count|_total|_attempts|_requests)\{/.test(line));
};

test('requests to the store are counted by resource, and other keys are not', async () => {
  const registry = new Registry();
  const inner = new MemoryStore();
  const store = new MeteredStore(inner, buildResourceTable(model, {}), registry);
  const value = Buffer.from('{}');
  for (const key of ['/registry/pods/a/b', '/registry/services/specs/a/b', '/registry/nothing/a', 'health']) {
    await store.txn([{ type: 'put', key, value, expect: 0 }]);
    await store.get(key);
  }
  await store.txn([{ type: 'delete', key: '/registry/services/specs/a/b' }]);
  const requests = counts(registry).filter((line) => line.startsWith('etcd_requests_total'));
  expect(requests).toEqual([
    'etcd_requests_total{group="",operation="create",resource="pods"} 1',
    'etcd_requests_total{group="",operation="get",resource="pods"} 1',
    'etcd_requests_total{group="",operation="create",resource="services"} 1',
    'etcd_requests_total{group="",operation="get",resource="services"} 1',
    'etcd_requests_total{group="",operation="delete",resource="services"} 1',
  ]);
  await store.close();
});

test('users are counted by name only where Kubernetes knows the name', () => {
  const registry = new Registry();
  const names = ['admin', 'eve', 'eve@example.com', 'mallory'];
  const authenticate = meterAuthenticate(() => ({ name: names.shift() ?? '', groups: [] }), registry);
  for (let i = 0; i < 4; i++) authenticate({ headers: {}, verified: false, path: '/' });
  const refuse = meterAuthenticate(() => {
    throw errors.unauthorized();
  }, registry);
  expect(() => refuse({ headers: { authorization: 'Bearer x' }, verified: false, path: '/' })).toThrow();
  expect(counts(registry).filter((line) => !line.startsWith('authentication_duration'))).toEqual([
    'authenticated_user_requests{username="other"} 2',
    'authenticated_user_requests{username="admin"} 1',
    'authenticated_user_requests{username="email_id"} 1',
    'authentication_attempts{result="success"} 4',
    'authentication_attempts{result="error"} 1',
  ]);
});

test('answers of authorizers are counted where they are asked for', () => {
  const registry = new Registry();
  const about = {
    user: { name: 'a', groups: [] },
    verb: 'get',
    group: '',
    version: 'v1',
    subresource: '',
    namespace: '',
    name: '',
  };
  const authorizer = { authorize: ({ verb }: { verb: string }) => ({ allowed: verb === 'get', reason: '' }) };
  const metered = meterAuthorizer(authorizer, registry, ({ resource }, allowed) => !allowed || resource === '');
  metered.authorize({ ...about, resource: 'pods', path: '' });
  metered.authorize({ ...about, resource: '', path: '/metrics' });
  metered.authorize({ ...about, verb: 'create', resource: 'pods', path: '' });
  expect(counts(registry).filter((line) => line.includes('_total'))).toEqual([
    'authorization_attempts_total{result="allowed"} 1',
    'authorization_attempts_total{result="no-opinion"} 1',
  ]);
});

test('plugins are timed one by one, the refusing one as such', async () => {
  const registry = new Registry();
  const plugin = (name: string, refuses: boolean) => ({
    name,
    handles: () => true,
    validate: () => {
      if (refuses) throw errors.badRequest('no');
    },
  });
  const chain = new AdmissionChain([plugin('First', false), plugin('Second', true)], new AdmissionMetrics(registry));
  const resource = buildResourceTable(model, {}).find('', 'v1', 'pods');
  if (!resource) throw new Error('no pods');
  const request = {
    operation: 'CREATE' as const,
    context: { user: { name: 'a', groups: [] }, userAgent: '', warn: () => undefined },
    target: { resource, namespace: '', name: '', subresource: '' },
    object: undefined,
    oldObject: undefined,
    dryRun: false,
  };
  await expect(chain.validate(request)).rejects.toThrow('no');
  const name = 'apiserver_admission_controller_admission_duration_seconds_count';
  expect(counts(registry)).toEqual([
    `${name}{name="First",operation="CREATE",rejected="false",type="validate"} 1`,
    `${name}{name="Second",operation="CREATE",rejected="true",type="validate"} 1`,
    'apiserver_admission_step_admission_duration_seconds_count{operation="CREATE",rejected="true",type="validate"} 1',
  ]);
});
