import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import { readTextFile } from '../config-file/read.ts';
import { pemBlocks } from './service-account-tokens.ts';
import type { AuthenticationSettings, ServiceAccountSettings } from './settings.ts';
import { TokenFile } from './token-file.ts';

/** kube-apiserver's flags about authentication, by their names. Durations in milliseconds. */
export interface AuthenticationFlags {
  readonly anonymousAuth?: boolean;
  readonly apiAudiences?: readonly string[];
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
  const { tokenAuthFile, anonymousAuth, apiAudiences } = flags;
  return {
    ...(tokenAuthFile !== undefined && { tokenFile: readTokenFile(tokenAuthFile) }),
    ...(anonymousAuth !== undefined && { anonymous: { enabled: anonymousAuth } }),
    ...(apiAudiences?.length && { audiences: apiAudiences }),
    serviceAccounts: serviceAccountSettings(flags),
  };
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
