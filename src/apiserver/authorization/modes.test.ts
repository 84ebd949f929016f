import { expect, test } from 'vitest';
import type { Authorizer, AuthorizerAttributes } from '../admission.ts';
import { authorizerForModes, unionAuthorizer } from './modes.ts';

const ask = (...groups: string[]): AuthorizerAttributes => ({
  user: { name: 'u', groups },
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: '',
  name: '',
  path: '',
});
const no = (reason: string): Authorizer => ({ authorize: () => ({ allowed: false, reason }) });
const later = (allowed: boolean, reason: string): Authorizer => ({ authorize: async () => ({ allowed, reason }) });
const yes: Authorizer = { authorize: () => ({ allowed: true, reason: 'yes' }) };

test('one after the other, at once where none must wait', async () => {
  expect(unionAuthorizer([no('a'), yes]).authorize(ask())).toEqual({ allowed: true, reason: 'yes' });
  expect(unionAuthorizer([no('a'), no(''), no('b')]).authorize(ask())).toEqual({ allowed: false, reason: 'a\nb' });
  expect(await unionAuthorizer([no('a'), later(false, 'b'), yes]).authorize(ask())).toEqual({
    allowed: true,
    reason: 'yes',
  });
  expect(await unionAuthorizer([no('a'), later(false, 'b'), later(false, 'c')]).authorize(ask())).toEqual({
    allowed: false,
    reason: 'a\nb\nc',
  });
  expect(unionAuthorizer([no('a')]).authorize(ask('system:masters'))).toMatchObject({ allowed: true });
});

test('modes', () => {
  const available = { node: no('node'), rbac: no('rbac') };
  expect(authorizerForModes('Node,RBAC', available).authorize(ask())).toMatchObject({ reason: 'node\nrbac' });
  expect(authorizerForModes('RBAC, AlwaysAllow', available).authorize(ask())).toMatchObject({ allowed: true });
  expect(() => authorizerForModes('Webhook', available)).toThrow('"Webhook" is not a valid mode');
  expect(() => authorizerForModes('', available)).toThrow('not a valid mode');
  expect(() => authorizerForModes('RBAC,RBAC', available)).toThrow('more than once');
});
