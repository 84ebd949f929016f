import { createPrivateKey, createPublicKey } from 'node:crypto';
import { aggregate } from '../../schema/field-error.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import { readWebhookKubeconfig } from '../config-file/kubeconfig.ts';
import { readConfigFile, readTextFile } from '../config-file/read.ts';
import type { AnonymousOptions } from './authenticator.ts';
import type { JwtSettings } from './jwt/authenticators.ts';
import { type AnonymousConfig, authenticationConfigurationKind, type JwtAuthenticatorConfig } from './jwt/config.ts';
import { signingAlgorithms } from './jwt/jws.ts';
import { checkAuthenticationConfiguration } from './jwt/validation.ts';
import { defaultIssuer, pemBlocks } from './service-account-tokens.ts';
import type { AuthenticationSettings, ServiceAccountSettings, TokenWebhookSettings } from './settings.ts';
import { TokenFile } from './token-file.ts';

/** kube-apiserver's flags about authentication, by their names. Durations in milliseconds. */
export interface AuthenticationFlags {
  readonly anonymousAuth?: boolean;
  readonly apiAudiences?: readonly string[];
  readonly authenticationConfig?: string;
  readonly authenticationTokenWebhookCacheTtl?: number;
  readonly authenticationTokenWebhookConfigFile?: string;
  readonly authenticationTokenWebhookVersion?: string;
  readonly enableBootstrapTokenAuth?: boolean;
  readonly oidcCaFile?: string;
  readonly oidcClientId?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  readonly oidcIssuerUrl?: string;
  /** "CLAIM=VALUE" each. */
  readonly oidcRequiredClaim?: readonly string[];
  readonly oidcSigningAlgs?: readonly string[];
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly serviceAccountExtendTokenExpiration?: boolean;
  readonly serviceAccountIssuer?: readonly string[];
  readonly serviceAccountJwksUri?: string;
  readonly serviceAccountKeyFile?: readonly string[];
  readonly serviceAccountMaxTokenExpiration?: number;
  readonly serviceAccountSigningKeyFile?: string;
  readonly tokenAuthFile?: string;
}

/** Reads the files that the flags name. Throws a ConfigurationError for what makes no sense, in words that name the flag. */
export function readAuthenticationFlags(flags: AuthenticationFlags): AuthenticationSettings {
  const { tokenAuthFile, apiAudiences } = flags;
  const jwt = jwtSettings(flags);
  const serviceAccounts = serviceAccountSettings(flags);
  if (jwt) checkJwt(jwt, serviceAccounts.issuers?.length ? serviceAccounts.issuers : [defaultIssuer], flags);
  const anonymous = anonymousOptions(flags, jwt?.configuration.anonymous);
  return {
    ...(tokenAuthFile !== undefined && { tokenFile: readTokenFile(tokenAuthFile) }),
    ...(anonymous && { anonymous }),
    ...(apiAudiences?.length && { audiences: apiAudiences }),
    serviceAccounts,
    ...(jwt && { jwt }),
    ...webhookSettings(flags),
    ...(flags.enableBootstrapTokenAuth && { bootstrapTokens: true }),
  };
}

function webhookSettings(flags: AuthenticationFlags): { readonly webhook?: TokenWebhookSettings } {
  const { authenticationTokenWebhookConfigFile: path, authenticationTokenWebhookVersion: version = 'v1beta1' } = flags;
  if (path === undefined) return {};
  if (version !== 'v1' && version !== 'v1beta1')
    throw new ConfigurationError(
      `--authentication-token-webhook-version: unsupported authentication webhook version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`,
    );
  const kubeconfig = readWebhookKubeconfig(path, '--authentication-token-webhook-config-file');
  return { webhook: { kubeconfig, version, cacheTtlMs: flags.authenticationTokenWebhookCacheTtl ?? 120_000 } };
}

function anonymousOptions(
  { anonymousAuth, authenticationConfig }: AuthenticationFlags,
  configured: AnonymousConfig | undefined,
): AnonymousOptions | undefined {
  if (!configured) return anonymousAuth === undefined ? undefined : { enabled: anonymousAuth };
  if (anonymousAuth !== undefined)
    throw new ConfigurationError(
      `--authentication-config: ${authenticationConfig}: anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file`,
    );
  const paths = configured.conditions?.map(({ path = '' }) => path);
  return { enabled: configured.enabled === true, ...(paths?.length && { paths: new Set(paths) }) };
}

/** Issuers of tokens, from a file or from the --oidc flags. */
function jwtSettings(flags: AuthenticationFlags): JwtSettings | undefined {
  const { authenticationConfig: path, oidcIssuerUrl: url = '', oidcClientId: client = '' } = flags;
  const oidc = Object.entries(flags).some(([name, value]) => name.startsWith('oidc') && value !== undefined);
  if (path !== undefined) {
    if (oidc) throw new ConfigurationError('authentication-config file and oidc-* flags are mutually exclusive');
    const { object, text } = readConfigFile(path, authenticationConfigurationKind, '--authentication-config');
    return { configuration: object, file: { path, text } };
  }
  if (!oidc) return undefined;
  if (url === '' || client === '')
    throw new ConfigurationError(
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    );
  const { oidcSigningAlgs: algorithms = ['RS256'] } = flags;
  const unsupported = algorithms.find((algorithm) => !signingAlgorithms.includes(algorithm));
  if (unsupported !== undefined)
    throw new ConfigurationError(`--oidc-signing-algs: oidc: unsupported signing alg: ${JSON.stringify(unsupported)}`);
  return { configuration: { jwt: [oidcAuthenticator(flags, url, client)] }, algorithms };
}

function oidcAuthenticator(flags: AuthenticationFlags, url: string, client: string): JwtAuthenticatorConfig {
  const { oidcUsernameClaim: claim = 'sub', oidcUsernamePrefix: prefix = '', oidcGroupsClaim: groups = '' } = flags;
  // Names of other issuers' users are theirs: only addresses of mail stand for themselves, unless somebody asks for it.
  const own = prefix === '' && claim !== 'email' ? `${url}#` : prefix;
  const rules = (flags.oidcRequiredClaim ?? []).map((pair) => {
    const [name = '', value] = pair.split(/=(.*)/s);
    if (value === undefined) throw new ConfigurationError(`--oidc-required-claim: write ${pair} as CLAIM=VALUE`);
    return { claim: name, requiredValue: value };
  });
  return {
    issuer: {
      url,
      audiences: [client],
      ...(flags.oidcCaFile !== undefined && {
        certificateAuthority: readTextFile(flags.oidcCaFile, '--oidc-ca-file'),
      }),
    },
    claimValidationRules: rules,
    claimMappings: {
      username: { claim, prefix: prefix === '-' ? '' : own },
      groups: groups === '' ? {} : { claim: groups, prefix: flags.oidcGroupsPrefix ?? '' },
      uid: {},
    },
  };
}

/** What is wrong with a configuration is told before anything starts. */
function checkJwt(
  { configuration, file }: JwtSettings,
  serviceAccountIssuers: readonly string[],
  { oidcIssuerUrl }: AuthenticationFlags,
): void {
  const { problems } = checkAuthenticationConfiguration(configuration, serviceAccountIssuers);
  if (problems.length === 0) return;
  const where = file ? `--authentication-config: ${file.path}` : `--oidc-issuer-url ${oidcIssuerUrl}`;
  throw new ConfigurationError(`${where}: invalid authentication configuration: ${aggregate(problems)}`);
}

function readTokenFile(path: string): TokenFile {
  const text = readTextFile(path, '--token-auth-file');
  try {
    return new TokenFile(text, path);
  } catch (error) {
    throw new ConfigurationError(`--token-auth-file: ${(error as Error).message}`);
  }
}

function serviceAccountSettings(flags: AuthenticationFlags): ServiceAccountSettings {
  const { serviceAccountIssuer: issuers = [], serviceAccountJwksUri: jwksUri } = flags;
  for (const [i, issuer] of issuers.entries()) {
    if (issuer === '') throw new ConfigurationError('--service-account-issuer should not be an empty string');
    if (issuer.includes(':') && !URL.canParse(issuer))
      throw new ConfigurationError(`--service-account-issuer "${issuer}" contained a ':' but was not a valid URL`);
    if (issuers.indexOf(issuer) !== i)
      throw new ConfigurationError(`--service-account-issuer "${issuer}" is already specified`);
  }
  if (jwksUri !== undefined && !jwksUri.startsWith('https://'))
    throw new ConfigurationError(`--service-account-jwks-uri requires https scheme, parsed as: ${jwksUri}`);
  const longest = flags.serviceAccountMaxTokenExpiration;
  if (longest !== undefined && (longest < 3_600_000 || longest > 2 ** 32 * 1000))
    throw new ConfigurationError('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds');
  const signing = flags.serviceAccountSigningKeyFile;
  return {
    issuers,
    ...(jwksUri !== undefined && { jwksUri }),
    ...(longest !== undefined && { maxExpirationSeconds: Math.floor(longest / 1000) }),
    ...(flags.serviceAccountExtendTokenExpiration === false && { extendExpiration: false }),
    ...(signing !== undefined && { signingKey: readKeys(signing, '--service-account-signing-key-file', true) }),
    verificationKeys: (flags.serviceAccountKeyFile ?? []).map((path) =>
      readKeys(path, '--service-account-key-file', false),
    ),
  };
}

/** The text of a file of PEM keys, after a look at whether they are. */
function readKeys(path: string, flag: string, isPrivate: boolean): string {
  const text = readTextFile(path, flag);
  const blocks = pemBlocks(text);
  const what = isPrivate ? 'private RSA or ECDSA key' : 'RSA or ECDSA key, public or private';
  const wrong = () => new ConfigurationError(`${flag}: ${path} holds no PEM ${what}`);
  if (blocks.length === 0) throw wrong();
  for (const block of isPrivate ? blocks.slice(0, 1) : blocks) {
    try {
      if (isPrivate) createPrivateKey(block);
      else createPublicKey(block);
    } catch {
      throw wrong();
    }
  }
  return isPrivate ? (blocks[0] ?? '') : text;
}
