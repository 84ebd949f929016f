import { expect, test } from 'vitest';
import type { AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { AuthorizerChain, type Link } from './chain.ts';
import { parseModes } from './modes.ts';

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
const link = (answer: AuthorizerDecision | Promise<AuthorizerDecision>): Link => ({
  type: 'Webhook',
  name: 'w',
  authorizer: { authorize: () => answer, rulesFor: () => ({ rules: [], incomplete: false }) },
});
const no = (reason: string, error?: string) => link({ allowed: false, reason, ...(error && { error }) });
const later = (allowed: boolean, reason: string) => link(Promise.resolve({ allowed, reason }));
const yes = link({ allowed: true, reason: 'yes' });
const never = link({ allowed: false, denied: true, reason: 'never' });
const asked = (links: readonly Link[], ...groups: string[]) => new AuthorizerChain(links).authorize(ask(...groups));

test('one after the other, at once where none must wait', async () => {
  expect(asked([no('a'), yes])).toEqual({ allowed: true, reason: 'yes' });
  expect(asked([no('a'), no(''), no('b')])).toEqual({ allowed: false, reason: 'a\nb' });
  expect(await asked([no('a'), later(false, 'b'), yes])).toEqual({ allowed: true, reason: 'yes' });
  expect(await asked([no('a'), later(false, 'b'), later(false, 'c')])).toEqual({ allowed: false, reason: 'a\nb\nc' });
  expect(asked([no('a')], 'system:masters')).toMatchObject({ allowed: true });
});

test('whoever denies has the last word', async () => {
  expect(asked([no('a'), never, yes])).toEqual({ allowed: false, denied: true, reason: 'never' });
  expect(await asked([later(false, 'b'), never, yes])).toEqual({ allowed: false, denied: true, reason: 'never' });
  expect(asked([yes, never])).toMatchObject({ allowed: true });
});

test('errors are told where nobody allows', async () => {
  expect(asked([no('a', 'x'), no('', 'y')])).toEqual({ allowed: false, reason: 'a', error: '[x, y]' });
  expect(await asked([no('a', 'x'), later(false, '')])).toEqual({ allowed: false, reason: 'a', error: 'x' });
  expect(asked([no('a', 'x'), yes])).toEqual({ allowed: true, reason: 'yes' });
});

test('modes', () => {
  expect(parseModes('Node,RBAC')).toEqual(['Node', 'RBAC']);
  expect(() => parseModes('Nobody')).toThrow('authorization-mode "Nobody" is not a valid mode');
  expect(() => parseModes('')).toThrow('at least one authorization-mode must be passed');
  expect(() => parseModes('RBAC,RBAC')).toThrow('authorization-mode ["RBAC" "RBAC"] has mode specified more than once');
});
