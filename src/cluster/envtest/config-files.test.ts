import { describe, expect, it } from 'vitest';
import { readAuthenticationConfig, readAuthorizationConfig } from './config-files.ts';

describe('readAuthenticationConfig', () => {
  const file = (rest: string) => `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n${rest}`;

  it('heeds who is anonymous, and tells of issuers', () => {
    expect(readAuthenticationConfig(file(''))).toEqual({ anonymous: true, issuers: false });
    expect(readAuthenticationConfig(file('anonymous: {enabled: false}\njwt: [{issuer: {url: https://x}}]'))).toEqual({
      anonymous: false,
      issuers: true,
    });
  });

  it('refuses another file', () => {
    expect(() => readAuthenticationConfig('kind: Config')).toThrow('not a file of kind AuthenticationConfiguration');
    expect(() => readAuthenticationConfig('[')).toThrow();
  });
});

describe('readAuthorizationConfig', () => {
  const file = (authorizers: string) => `kind: AuthorizationConfiguration\nauthorizers: ${authorizers}`;

  it('reads modes in their order, and nothing that it cannot be', () => {
    expect(readAuthorizationConfig(file('[{type: Node, name: n}, {type: RBAC, name: r}]'))).toBe('Node,RBAC');
    expect(() => readAuthorizationConfig(file('[{type: Webhook}]'))).toThrow('no authorizer of type "Webhook"');
    expect(() => readAuthorizationConfig(file('[]'))).toThrow('at least one authorization mode must be defined');
  });
});
