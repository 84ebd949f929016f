import { formatDuration } from '../../schema/duration.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import { readWebhookKubeconfig } from '../config-file/kubeconfig.ts';
import { readTextFile } from '../config-file/read.ts';
import { AbacAuthorizer } from './abac.ts';
import type { AuthorizationSettings } from './authorization.ts';
import { type AuthorizerConfiguration, nameOfType, parseAuthorizationConfiguration } from './config.ts';
import { parseModes } from './modes.ts';

/** kube-apiserver's flags about who may do what, by their names. Durations in milliseconds. */
export interface AuthorizationFlags {
  readonly authorizationMode?: string;
  readonly authorizationConfig?: string;
  readonly authorizationPolicyFile?: string;
  readonly authorizationWebhookConfigFile?: string;
  readonly authorizationWebhookVersion?: string;
  readonly authorizationWebhookCacheAuthorizedTtl?: number;
  readonly authorizationWebhookCacheUnauthorizedTtl?: number;
}

/**
 * Reads the files that the flags name. Throws a ConfigurationError for what makes no sense. `defaultModes`: where
 * neither modes nor a file are named.
 */
export function readAuthorizationFlags(flags: AuthorizationFlags, defaultModes: string): AuthorizationSettings {
  const { authorizationConfig: path } = flags;
  if (path === undefined) return ofModes(flags, flags.authorizationMode ?? defaultModes);
  const legacy =
    flags.authorizationMode ??
    flags.authorizationWebhookConfigFile ??
    flags.authorizationWebhookVersion ??
    flags.authorizationWebhookCacheAuthorizedTtl ??
    flags.authorizationWebhookCacheUnauthorizedTtl;
  if (legacy !== undefined) {
    throw new ConfigurationError(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    );
  }
  const text = readTextFile(path, '--authorization-config');
  const config = told(`--authorization-config: ${path}: `, () => parseAuthorizationConfiguration(text));
  for (const { webhook } of config.authorizers ?? []) {
    const file = webhook?.connectionInfo?.kubeConfigFile;
    if (file) readWebhookKubeconfig(file, '--authorization-config');
  }
  const abac = config.authorizers?.some(({ type }) => type === 'ABAC') ? policiesOf(flags) : undefined;
  return { config, file: { path, text }, ...(abac && { abac }) };
}

/** The settings that a list of modes without files comes to: "Node,RBAC". Throws for modes that need a file. */
export const authorizationOfModes = (modes: string): AuthorizationSettings => ofModes({}, modes);

function ofModes(flags: AuthorizationFlags, modes: string): AuthorizationSettings {
  const types = told('', () => parseModes(modes));
  const { authorizationPolicyFile: policies, authorizationWebhookConfigFile: webhook } = flags;
  const needs = (type: string, file: string | undefined, what: string, flag: string) => {
    if (types.includes(type) && file === undefined) {
      throw new ConfigurationError(`authorization-mode ${type}'s authorization ${what} file not passed: add --${flag}`);
    }
    if (!types.includes(type) && file !== undefined) {
      throw new ConfigurationError(`cannot specify --${flag} without mode ${type}`);
    }
  };
  needs('ABAC', policies, 'policy', 'authorization-policy-file');
  needs('Webhook', webhook, 'config', 'authorization-webhook-config-file');
  const version = flags.authorizationWebhookVersion ?? 'v1beta1';
  if (version !== 'v1' && version !== 'v1beta1') {
    throw new ConfigurationError(
      `--authorization-webhook-version: unsupported webhook authorizer version "${version}", supported versions are "v1", "v1beta1"`,
    );
  }
  if (webhook !== undefined) readWebhookKubeconfig(webhook, '--authorization-webhook-config-file');
  const abac = types.includes('ABAC') ? policiesOf(flags) : undefined;
  return {
    config: {
      authorizers: types.map((type) =>
        type === 'Webhook' ? webhookOf(flags, version) : { type, name: nameOfType(type) },
      ),
    },
    ...(abac && { abac }),
  };
}

const duration = (ms: number): string => formatDuration(BigInt(Math.round(ms * 1e6)));

function webhookOf(flags: AuthorizationFlags, version: string): AuthorizerConfiguration {
  const {
    authorizationWebhookCacheAuthorizedTtl: yes = 300_000,
    authorizationWebhookCacheUnauthorizedTtl: no = 30_000,
  } = flags;
  return {
    type: 'Webhook',
    name: 'default',
    webhook: {
      authorizedTTL: duration(yes),
      cacheAuthorizedRequests: yes !== 0,
      unauthorizedTTL: duration(no),
      cacheUnauthorizedRequests: no !== 0,
      timeout: '30s',
      failurePolicy: 'NoOpinion',
      subjectAccessReviewVersion: version,
      connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: flags.authorizationWebhookConfigFile ?? '' },
    },
  };
}

function policiesOf({ authorizationPolicyFile: path }: AuthorizationFlags): AbacAuthorizer {
  if (path === undefined) throw new ConfigurationError('type ABAC needs --authorization-policy-file');
  const text = readTextFile(path, '--authorization-policy-file');
  return told('--authorization-policy-file: ', () => new AbacAuthorizer(text, path));
}

/** Runs, and makes what goes wrong an error that names the flag. */
function told<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new ConfigurationError(`${where}${error instanceof Error ? error.message : String(error)}`);
  }
}
