import { describe, expect, it } from 'vitest';
import { aggregate } from '../../schema/field-error.ts';
import { decodeConfig } from '../config-file/read.ts';
import { type PolicyAttributes, PolicyRules, policyKind, policyProblems } from './policy.ts';

const policyOf = (rules: string) =>
  decodeConfig(`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":${rules}}`, policyKind).object;

const request = (more: Partial<PolicyAttributes> = {}): PolicyAttributes => ({
  user: { name: 'jane', groups: ['devs', 'system:authenticated'] },
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'web',
  path: '/api/v1/namespaces/default/pods/web',
  ...more,
});
const log = { subresource: 'log' };
const health = { resource: '', version: '', namespace: '', name: '', path: '/healthz/ping' };

describe('rules', () => {
  it.each([
    ['none', '{}', {}, true],
    ['a user', '{"users":["jane"]}', {}, true],
    ['another user', '{"users":["bob"]}', {}, false],
    ['a user, asked of nobody', '{"users":["jane"]}', { user: undefined }, false],
    ['a group', '{"userGroups":["ops","devs"]}', {}, true],
    ['another verb', '{"verbs":["list"]}', {}, false],
    ['a namespace', '{"namespaces":["default"]}', {}, true],
    ['no namespace', '{"namespaces":[""]}', { namespace: '', resource: 'nodes' }, true],
    ['a namespace, asked of a path', '{"namespaces":["default"]}', health, false],
    ['a group of resources', '{"resources":[{"group":""}]}', log, true],
    ['any group', '{"resources":[{"group":"*","resources":["pods"]}]}', { group: 'x' }, true],
    ['a resource', '{"resources":[{"resources":["pods"]}]}', {}, true],
    ['a resource, asked of its subresource', '{"resources":[{"resources":["pods"]}]}', log, false],
    ['a subresource', '{"resources":[{"resources":["pods/log"]}]}', log, true],
    ['a subresource of any', '{"resources":[{"resources":["*/log"]}]}', log, true],
    ['all of a resource', '{"resources":[{"resources":["pods/*"]}]}', {}, true],
    ['everything', '{"resources":[{"resources":["*"]}]}', log, true],
    ['a name', '{"resources":[{"resources":["pods"],"resourceNames":["web"]}]}', {}, true],
    ['another name', '{"resources":[{"resources":["pods"],"resourceNames":["db"]}]}', {}, false],
    ['a path', '{"nonResourceURLs":["/healthz*"]}', health, true],
    ['any path', '{"nonResourceURLs":["*"]}', health, true],
    ['any path, asked of a resource', '{"nonResourceURLs":["*"]}', {}, false],
  ])('%s', (_what, rule, asked, fits) => {
    const rules = new PolicyRules(policyOf(`[{"level":"Metadata",${rule.slice(1)}]`.replace(',}', '}')));
    expect(rules.evaluate(request(asked)) !== undefined).toBe(fits);
  });

  it('the first that fits counts, and says more than the policy', () => {
    const policy = policyOf(
      '[{"level":"None","users":["bob"]},{"level":"Request","omitStages":["Panic"],"omitManagedFields":false},{"level":"Metadata"}]',
    );
    const rules = new PolicyRules({ ...policy, omitStages: ['RequestReceived'], omitManagedFields: true });
    expect(rules.evaluate(request({ user: { name: 'bob', groups: [] } }))).toBeUndefined();
    expect(rules.evaluate(request())).toEqual({
      level: 'Request',
      omitStages: new Set(['RequestReceived', 'Panic']),
      omitManagedFields: false,
    });
  });
});

it('tells what is wrong in the words of v1.36', () => {
  const found = (rules: string, more = {}) => aggregate(policyProblems({ ...policyOf(rules), ...more }));
  expect(found('[{}]')).toBe('rules[0].level: Required value');
  expect(found('[{"level":"All"}]')).toBe(
    'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"',
  );
  expect(found('[{"level":"None","nonResourceURLs":["x","/a*b"]}]')).toBe(
    `[rules[0].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a '/' character, ` +
      `rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule]`,
  );
  expect(found('[{"level":"None","nonResourceURLs":["/x"],"namespaces":["a"]}]')).toContain(
    'rules cannot apply to both regular resources and non-resource URLs',
  );
  expect(found('[{"level":"None","resources":[{"group":"a/v1","resourceNames":["x"]}]}]')).toMatch(
    /rules\[0\].resources.group: Invalid value: "a\/v1": .*rules\[0\].resources.resourceNames: Invalid value: \["x"\]: using resourceNames requires at least one resource/,
  );
  expect(found('[{"level":"None"}]', { omitStages: ['Done'] })).toBe(
    'omitStages[0]: Invalid value: "Done": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
  );
});
