import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { podSecurity, quota } from './admission.ts';
import { explainDenied } from './explain.ts';
import { leastGrant, shell } from './grant.ts';

const asked = {
  user: 'jane',
  verb: 'get',
  group: '',
  resource: 'pods',
  subresource: '',
  namespace: 'team',
  name: 'web',
  path: '',
};

describe('the least that allows a request', () => {
  it.each([
    [
      'an object',
      {},
      'kubectl create role jane-get-pods --namespace=team --verb=get --resource=pods --resource-name=web',
      'kubectl create rolebinding jane-get-pods --namespace=team --role=jane-get-pods --user=jane',
    ],
    [
      'a list, which has no name',
      { verb: 'list', group: 'apps', resource: 'deployments', name: 'web' },
      'kubectl create role jane-list-deployments --namespace=team --verb=list --resource=deployments.apps',
      'kubectl create rolebinding jane-list-deployments --namespace=team --role=jane-list-deployments --user=jane',
    ],
    [
      'a subresource, asked by a service account',
      {
        user: 'system:serviceaccount:ci:deployer',
        verb: 'update',
        group: 'apps',
        resource: 'deployments',
        subresource: 'scale',
      },
      'kubectl create role deployer-update-deployments-scale --namespace=team --verb=update --resource=deployments.apps/scale --resource-name=web',
      'kubectl create rolebinding deployer-update-deployments-scale --namespace=team --role=deployer-update-deployments-scale --serviceaccount=ci:deployer',
    ],
    [
      'what is no resource',
      { resource: '', namespace: '', name: '', path: '/metrics' },
      'kubectl create clusterrole jane-get-metrics --verb=get --non-resource-url=/metrics',
      'kubectl create clusterrolebinding jane-get-metrics --clusterrole=jane-get-metrics --user=jane',
    ],
  ])('%s', (_what, more, role, binding) => {
    expect(leastGrant({ ...asked, ...more }).commands).toEqual([role, binding]);
  });

  it('is no command of somebody else', () => {
    const { commands } = leastGrant({ ...asked, user: "x'; rm -rf / #", name: '$(id)' });
    expect(commands[0]).toContain(`--resource-name='$(id)'`);
    expect(commands[1]).toContain(`--user='x'\\''; rm -rf / #'`);
    expect(shell('a b')).toBe("'a b'");
  });
});

it('a quota tells what is left, and how much would do', () => {
  const message =
    'pods "x" is forbidden: exceeded quota: small, requested: cpu=500m,memory=1Gi, used: cpu=1750m,memory=1Gi, limited: cpu=2,memory=4Gi';
  expect(quota(message, 'team')).toEqual({
    why: [
      'The quota small of the namespace team has no room:',
      '  cpu: 250m left of 2 (1750m in use), 500m asked for',
      '  memory: 3Gi left of 4Gi (1Gi in use), 1Gi asked for',
    ],
    cure: [
      'Ask for less, delete something, or raise the quota:',
      `  kubectl patch resourcequota small --namespace=team --type=merge --patch='{"spec":{"hard":{"cpu":"2250m","memory":"2Gi"}}}'`,
    ],
  });
});

it('a pod security standard tells the fields', () => {
  const message =
    'pods "p" is forbidden: violates PodSecurity "restricted:v1.36": unrestricted capabilities (container "c" must set ' +
    'securityContext.capabilities.drop=["ALL"]), host namespaces (hostNetwork=true)';
  const { why, cure } = podSecurity(message, 'team');
  expect(why.slice(1)).toEqual([
    '  unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
    '  host namespaces (hostNetwork=true)',
  ]);
  expect(cure.slice(1, 3)).toEqual([
    '  container "c" must set securityContext.capabilities.drop=["ALL"]',
    '  hostNetwork=true',
  ]);
  expect(cure.at(-1)).toBe('  kubectl label --overwrite namespace team pod-security.kubernetes.io/enforce=baseline');
});

describe('a log', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skiff-explain-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const event = (auditID: string, user: string, code: number, message: string, annotations = {}) =>
    JSON.stringify({
      kind: 'Event',
      auditID,
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/team/pods',
      verb: 'list',
      user: { username: user, groups: ['devs'] },
      objectRef: { resource: 'pods', namespace: 'team', apiVersion: 'v1' },
      responseStatus: { code, message },
      requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
      annotations,
    });
  const told = async (options: { auditID?: string; user?: string; last?: number }, ...lines: string[]) => {
    const file = join(dir, 'audit.log');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return (await explainDenied({ dataDir: dir, file, last: 1, ...options })).join('\n');
  };

  const forbidden = event('one', 'jane', 403, 'pods is forbidden: User "jane" cannot list ...');
  const stranger = event('two', '', 401, 'Unauthorized', {
    'refusal.skiff.dev/by': 'authenticator',
    'refusal.skiff.dev/why': 'the token has expired',
  });
  const invalid = event('three', 'bob', 422, 'Pod "x" is invalid');
  const policy = event(
    'four',
    'bob',
    422,
    `pods "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
  );

  it("is kube-apiserver's, too; mistakes in requests are no refusals", async () => {
    expect(await told({}, forbidden, invalid, event('five', 'jane', 200, ''))).toContain(
      'kubectl create role jane-list-pods --namespace=team --verb=list --resource=pods',
    );
  });

  it('is searched by id and user', async () => {
    expect(await told({ auditID: 'two' }, forbidden, stranger, policy)).toMatch(
      /401.*\n {2}No authenticator took the credentials: the token has expired\.\n.*\n {4}Fresh credentials/,
    );
    expect(await told({ user: 'bob' }, policy, forbidden)).toContain(
      'The ValidatingAdmissionPolicy p (bound by b) said no: no',
    );
    await expect(told({ user: 'carl' }, forbidden)).rejects.toThrow('tells of no such refused request');
    await expect(told({ auditID: 'three' }, invalid)).rejects.toThrow('tells of no such refused request');
  });

  it('has the last first counted, and may end in half a line', async () => {
    const text = await told({ last: 2 }, stranger, forbidden, policy, '{"kind":"Ev');
    expect([text.includes('ID one'), text.includes('ID two'), text.includes('ID four')]).toEqual([true, false, true]);
  });

  it('that is not there is told', async () => {
    await expect(explainDenied({ dataDir: dir, last: 1 })).rejects.toThrow('refused.log is not there');
  });
});
