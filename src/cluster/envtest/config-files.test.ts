import { describe, expect, it } from 'vitest';
import { readAuthorizationConfig } from './config-files.ts';

describe('readAuthorizationConfig', () => {
  const file = (authorizers: string) => `kind: AuthorizationConfiguration\nauthorizers: ${authorizers}`;

  it('reads modes in their order, and nothing that it cannot be', () => {
    expect(readAuthorizationConfig(file('[{type: Node, name: n}, {type: RBAC, name: r}]'))).toBe('Node,RBAC');
    expect(() => readAuthorizationConfig(file('[{type: Webhook}]'))).toThrow('no authorizer of type "Webhook"');
    expect(() => readAuthorizationConfig(file('[]'))).toThrow('at least one authorization mode must be defined');
  });
});
