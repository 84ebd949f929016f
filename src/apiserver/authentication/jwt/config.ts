import { type ConfigField, type ConfigTypes, configKind } from '../../config-file/kinds.ts';

/** https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-AuthenticationConfiguration */
export interface AuthenticationConfiguration {
  readonly jwt?: readonly JwtAuthenticatorConfig[];
  readonly anonymous?: AnonymousConfig;
}

export interface AnonymousConfig {
  readonly enabled?: boolean;
  readonly conditions?: readonly { readonly path?: string }[];
}

export interface JwtAuthenticatorConfig {
  readonly issuer: IssuerConfig;
  readonly claimValidationRules?: readonly ClaimValidationRule[];
  readonly claimMappings: ClaimMappings;
  readonly userValidationRules?: readonly UserValidationRule[];
}

export interface IssuerConfig {
  readonly url?: string;
  readonly discoveryURL?: string;
  /** PEM. */
  readonly certificateAuthority?: string;
  readonly audiences?: readonly string[];
  readonly audienceMatchPolicy?: string;
  readonly egressSelectorType?: string;
}

export interface ClaimValidationRule {
  readonly claim?: string;
  readonly requiredValue?: string;
  readonly expression?: string;
  readonly message?: string;
}

export interface UserValidationRule {
  readonly expression?: string;
  readonly message?: string;
}

export interface ClaimMappings {
  readonly username: PrefixedClaimOrExpression;
  readonly groups: PrefixedClaimOrExpression;
  readonly uid: ClaimOrExpression;
  readonly extra?: readonly { readonly key?: string; readonly valueExpression?: string }[];
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  readonly prefix?: string;
}

export interface ClaimOrExpression {
  readonly claim?: string;
  readonly expression?: string;
}

const text: ConfigField = { type: 'string' };
const given: ConfigField = { type: 'string', pointer: true };

const types: ConfigTypes = {
  AuthenticationConfiguration: {
    jwt: { list: 'JWTAuthenticator' },
    anonymous: { type: 'AnonymousAuthConfig', pointer: true },
  },
  AnonymousAuthConfig: { enabled: { type: 'bool' }, conditions: { list: 'AnonymousAuthCondition' } },
  AnonymousAuthCondition: { path: text },
  JWTAuthenticator: {
    issuer: { type: 'Issuer' },
    claimValidationRules: { list: 'ClaimValidationRule' },
    claimMappings: { type: 'ClaimMappings' },
    userValidationRules: { list: 'UserValidationRule' },
  },
  Issuer: {
    url: text,
    discoveryURL: given,
    certificateAuthority: text,
    audiences: { list: 'string' },
    audienceMatchPolicy: text,
    egressSelectorType: text,
  },
  ClaimValidationRule: { claim: text, requiredValue: text, expression: text, message: text },
  ClaimMappings: {
    username: { type: 'PrefixedClaimOrExpression' },
    groups: { type: 'PrefixedClaimOrExpression' },
    uid: { type: 'ClaimOrExpression' },
    extra: { list: 'ExtraMapping' },
  },
  PrefixedClaimOrExpression: { claim: text, prefix: given, expression: text },
  ClaimOrExpression: { claim: text, expression: text },
  ExtraMapping: { key: text, valueExpression: text },
  UserValidationRule: { expression: text, message: text },
};

/** --authentication-config: the three versions of the kind have the same fields. */
export const authenticationConfigurationKind = configKind<AuthenticationConfiguration>('AuthenticationConfiguration', {
  'apiserver.config.k8s.io/v1': types,
  'apiserver.config.k8s.io/v1beta1': types,
  'apiserver.config.k8s.io/v1alpha1': types,
});
