import { describe, expect, test } from 'vitest';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../api/rbac/v1.gen.ts';
import { seededRandom } from '../../utils/seeded-random.ts';
import type { AuthorizerAttributes } from '../admission.ts';
import { bootstrapObjects } from '../bootstrap/objects.ts';
import { forbidden } from './forbidden.ts';
import { RbacAuthorizer } from './rbac.ts';
import { compact, ruleAllows, uncovered } from './rules.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const served = { uid: '', resourceVersion: '', creationTimestamp: '' };
const apiGroup = 'rbac.authorization.k8s.io';
const clusterRole = (name: string, ...rules: PolicyRule[]): ClusterRole => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: { ...served, name },
  rules,
});
const role = (namespace: string, name: string, ...rules: PolicyRule[]): Role => ({
  apiVersion,
  kind: 'Role',
  metadata: { ...served, namespace, name },
  rules,
});
const bind = (namespace: string, name: string, kind: string, ref: string, ...subjects: Subject[]): RoleBinding => ({
  apiVersion,
  kind: 'RoleBinding',
  metadata: { ...served, namespace, name },
  subjects,
  roleRef: { apiGroup, kind, name: ref },
});
const clusterBind = (name: string, ref: string, ...subjects: Subject[]): ClusterRoleBinding => ({
  apiVersion,
  kind: 'ClusterRoleBinding',
  metadata: { ...served, name },
  subjects,
  roleRef: { apiGroup, kind: 'ClusterRole', name: ref },
});
const user = (name: string): Subject => ({ kind: 'User', apiGroup, name });

/** "jane,devs get pods/log in ns named p", "jane get /healthz" */
function ask(text: string): AuthorizerAttributes {
  const [who = '', verb = '', what = '', ...rest] = text.split(' ');
  const [name = '', ...groups] = who.split(',');
  const isPath = what.startsWith('/');
  const [path = '', group = ''] = isPath ? [] : what.split('@');
  const [resource = '', subresource = ''] = path.split('/');
  const after = (word: string) => (rest.includes(word) ? (rest[rest.indexOf(word) + 1] ?? '') : '');
  return {
    user: { name, groups },
    verb,
    group,
    version: 'v1',
    resource,
    subresource,
    namespace: after('in'),
    name: after('named'),
    path: isPath ? what : '',
  };
}

const rule = (verbs: string, apiGroups: string, resources: string, names = ''): PolicyRule => ({
  verbs: verbs.split(' '),
  apiGroups: apiGroups.split(' ').map((g) => (g === 'core' ? '' : g)),
  resources: resources.split(' '),
  ...(names && { resourceNames: names.split(' ') }),
});

describe('rules', () => {
  test.each<[PolicyRule, string, boolean]>([
    [rule('get', 'core', 'pods'), 'u get pods', true],
    [rule('get', 'core', 'pods'), 'u list pods', false],
    [rule('get', 'core', 'pods'), 'u get pods/log', false],
    [rule('get', 'core', 'pods'), 'u get pods@apps', false],
    [rule('get', 'core', 'pods/log'), 'u get pods/log', true],
    [rule('get', 'core', 'pods/log'), 'u get pods', false],
    [rule('update', 'apps', '*/scale'), 'u update deployments/scale@apps', true],
    [rule('update', 'apps', '*/scale'), 'u update deployments@apps', false],
    [rule('*', '*', '*'), 'u frob things/sub@x', true],
    [rule('*', '*', '*'), 'u get /healthz', false],
    [rule('get', 'core', 'pods', 'a b'), 'u get pods named b', true],
    [rule('get', 'core', 'pods', 'a b'), 'u get pods named c', false],
    [rule('list', 'core', 'pods', 'a b'), 'u list pods', false],
    [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/api/*'] }, 'u get /healthz', true],
    [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/api/*'] }, 'u get /healthz/x', false],
    [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/api/*'] }, 'u get /api/v1', true],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, 'u get /any', true],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, 'u get pods', false],
  ])('%j for %s: %s', (policy, request, allowed) => {
    expect(ruleAllows(policy, ask(request))).toBe(allowed);
  });

  test('covering', () => {
    const owned = [rule('get list', 'core', 'pods configmaps'), rule('update', 'apps', '*/scale')];
    expect(uncovered(owned, [rule('get', 'core', 'pods')])).toEqual([]);
    expect(uncovered(owned, [rule('get', 'core', 'pods', 'a')])).toEqual([]);
    expect(uncovered(owned, [rule('update', 'apps', 'deployments/scale')])).toEqual([]);
    expect(uncovered([rule('get', 'core', 'pods', 'a')], [rule('get', 'core', 'pods')])).toHaveLength(1);
    expect(compact(uncovered(owned, [rule('get list delete watch', 'core', 'pods')]))).toEqual([
      rule('delete watch', 'core', 'pods'),
    ]);
    expect(
      uncovered([{ verbs: ['get'], nonResourceURLs: ['/a/*'] }], [{ verbs: ['get'], nonResourceURLs: ['/a/b/*'] }]),
    ).toEqual([]);
    expect(
      uncovered([rule('*', '*', '*')], [rule('*', '*', '*'), { verbs: ['get'], nonResourceURLs: ['/x'] }]),
    ).toEqual([{ verbs: ['get'], nonResourceURLs: ['/x'] }]);
  });
});

describe('RbacAuthorizer', () => {
  test('cluster-wide and namespaced bindings, and why', () => {
    const rbac = new RbacAuthorizer();
    rbac.set(clusterRole('view', rule('get list', 'core', 'pods')));
    rbac.set(role('ns', 'edit', rule('delete', 'core', 'pods')));
    rbac.set(bind('ns', 'rb', 'ClusterRole', 'view', user('jane')));
    rbac.set(bind('ns', 'sa', 'Role', 'edit', { kind: 'ServiceAccount', name: 'bot', namespace: 'other' }));
    rbac.set(clusterBind('all', 'view', { kind: 'Group', apiGroup, name: 'ops' }));
    const why = (text: string) => rbac.authorize(ask(text)).reason;
    expect(why('jane get pods in ns')).toBe(
      'RBAC: allowed by RoleBinding "rb/ns" of ClusterRole "view" to User "jane"',
    );
    expect(rbac.authorize(ask('jane get pods in other')).allowed).toBe(false);
    expect(rbac.authorize(ask('jane get pods')).allowed).toBe(false);
    expect(why('bob,ops list pods')).toBe(
      'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "view" to Group "ops"',
    );
    expect(why('system:serviceaccount:other:bot delete pods in ns')).toBe(
      'RBAC: allowed by RoleBinding "sa/ns" of Role "edit" to ServiceAccount "bot/other"',
    );
    expect(rbac.authorize(ask('bob get pods in ns'))).toEqual({ allowed: false, reason: '' });
  });

  test('follows changes', () => {
    const rbac = new RbacAuthorizer();
    const binding = bind('ns', 'rb', 'Role', 'r', user('jane'));
    const allowed = () => rbac.authorize(ask('jane get pods in ns')).allowed;
    rbac.set(binding);
    expect(rbac.authorize(ask('jane get pods in ns')).reason).toBe(
      'RBAC: role.rbac.authorization.k8s.io "r" not found',
    );
    rbac.set(role('ns', 'r', rule('get', 'core', 'pods')));
    expect(allowed()).toBe(true);
    rbac.set({ ...binding, subjects: [user('bob')] });
    expect(allowed()).toBe(false);
    rbac.set(binding);
    rbac.set(binding);
    rbac.delete(binding);
    expect(allowed()).toBe(false);
    rbac.set(binding);
    rbac.delete(role('ns', 'r'));
    expect(allowed()).toBe(false);
  });

  test('the index allows what the rules allow, for few roles and for many', () => {
    const random = seededRandom(5);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T; // lists are not empty
    const some = <T>(list: readonly T[]): T[] => [pick(list), pick(list)];
    const verbs = ['get', 'list', 'create', '*'];
    const groups = ['', 'apps', '*'];
    const resources = ['pods', 'pods/log', '*/log', '*', 'nodes', 'pods/*'];
    const made = (): PolicyRule =>
      random() < 0.2
        ? { verbs: some(verbs), nonResourceURLs: [pick(['/a', '/a/*', '*'])] }
        : {
            verbs: [pick(verbs)],
            apiGroups: [pick(groups)],
            resources: some(resources),
            ...(random() < 0.5 && { resourceNames: some(['x', 'y']) }),
          };
    for (const count of [1, 5, 12, 13, 60]) {
      const rbac = new RbacAuthorizer();
      const all: PolicyRule[] = [];
      for (let i = 0; i < count; i++) {
        // Rare rules, so that not everything is allowed.
        const rules = Array.from({ length: 1 + Math.floor(random() * 3) }, made).filter(() => random() < 12 / count);
        all.push(...rules);
        rbac.set(clusterRole(`r${i}`, ...rules));
        rbac.set(clusterBind(`b${i}`, `r${i}`, user('u')));
      }
      for (let i = 0; i < 400; i++) {
        const question =
          random() < 0.2
            ? `u ${pick(verbs)} ${pick(['/a', '/a/b', '/b'])}`
            : `u ${pick(verbs)} ${pick(['pods', 'pods/log', 'nodes', 'nodes/log'])}@${pick(['', 'apps'])} named ${pick(['x', 'y', 'z'])}`;
        const attributes = ask(question);
        expect(rbac.authorize(attributes).allowed, question).toBe(all.some((one) => ruleAllows(one, attributes)));
      }
    }
  });

  test('of many bindings of many roles each change is seen', () => {
    const rbac = new RbacAuthorizer();
    const team: Subject = { kind: 'Group', apiGroup, name: 'team' };
    const allowed = (resource: string) => rbac.authorize(ask(`u,team get ${resource}`)).allowed;
    for (let i = 0; i < 40; i++) {
      rbac.set(clusterRole(`r${i}`, rule('get', 'core', `things${i}`)));
      rbac.set(clusterBind(`b${i}`, `r${i}`, team));
    }
    expect(allowed('things39')).toBe(true);
    expect(allowed('others')).toBe(false);
    rbac.set(clusterRole('r39', rule('get', 'core', 'others')));
    expect(allowed('things39')).toBe(false);
    expect(allowed('others')).toBe(true);
    rbac.delete(clusterBind('b39', 'r39', team));
    expect(allowed('others')).toBe(false);
    rbac.delete(clusterRole('r0'));
    expect(rbac.authorize(ask('u,team get things0')).reason).toBe(
      'RBAC: clusterrole.rbac.authorization.k8s.io "r0" not found',
    );
  });

  test('of several subjects of a binding the first is named, and roles may have no rules', () => {
    const rbac = new RbacAuthorizer();
    rbac.set({ ...clusterRole('empty'), rules: null } as unknown as ClusterRole); // as it is stored
    rbac.set(clusterBind('e', 'empty', user('u')));
    rbac.set(clusterRole('view', rule('get', 'core', 'pods')));
    rbac.set(clusterBind('b', 'view', { kind: 'Group', apiGroup, name: 'g' }, user('u')));
    expect(rbac.authorize(ask('u,g get pods')).reason).toContain('to Group "g"');
    expect(rbac.authorize(ask('u get pods')).reason).toContain('to User "u"');
    expect(rbac.authorize(ask('u get nodes'))).toEqual({ allowed: false, reason: '' });
  });

  test('the roles of every cluster', () => {
    const rbac = new RbacAuthorizer();
    const { clusterRoles, clusterRoleBindings } = bootstrapObjects();
    for (const o of clusterRoles.objects) rbac.set(JSON.parse(JSON.stringify(o)));
    for (const o of clusterRoleBindings.objects) rbac.set(JSON.parse(JSON.stringify(o)));
    const allowed = (text: string) => rbac.authorize(ask(text)).allowed;
    expect(allowed('anyone,system:authenticated get /version')).toBe(true);
    expect(allowed('system:anonymous,system:unauthenticated get /healthz')).toBe(true);
    expect(allowed('system:anonymous,system:unauthenticated get /api')).toBe(false);
    expect(allowed('system:kube-scheduler create pods/binding in ns')).toBe(true);
    expect(allowed('system:serviceaccount:kube-system:namespace-controller delete things@example.com in x')).toBe(true);
    expect(allowed('a,system:authenticated create selfsubjectaccessreviews@authorization.k8s.io')).toBe(true);
    expect(rbac.rulesFor({ name: 'x', groups: ['system:masters'] }, '').rules).toHaveLength(2);
  });
});

test.each([
  [
    'jane list configmaps in ns',
    'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "ns"',
  ],
  [
    'jane delete configmaps in ns named x',
    'configmaps "x" is forbidden: User "jane" cannot delete resource "configmaps" in API group "" in the namespace "ns"',
  ],
  [
    'jane list nodes',
    'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
  ],
  [
    'jane get pods/log in ns named p',
    'pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "ns"',
  ],
  [
    'jane create deployments@apps in ns',
    'deployments.apps is forbidden: User "jane" cannot create resource "deployments" in API group "apps" in the namespace "ns"',
  ],
  ['<b> get /metrics', 'forbidden: User "&lt;b&gt;" cannot get path "/metrics"'],
])('%s: %s', (request, message) => {
  expect(forbidden(ask(request), '').message).toBe(message);
});
