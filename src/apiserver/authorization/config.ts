import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { dns1123SubdomainProblems } from '../../api/names.ts';
import { formatDuration, parseDuration } from '../../schema/duration.ts';
import { aggregate, type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { type ConfigTypes, configKind } from '../config-file/kinds.ts';
import { ConfigError, decodeConfig } from '../config-file/read.ts';
import { compileMatchConditions } from './match-conditions.ts';

/** In Kubernetes' order, in which complaints name them. */
export const authorizerTypes = ['AlwaysAllow', 'AlwaysDeny', 'ABAC', 'Webhook', 'RBAC', 'Node'] as const;
export type AuthorizerType = (typeof authorizerTypes)[number];

export interface AuthorizationConfiguration {
  readonly authorizers?: readonly AuthorizerConfiguration[];
}

export interface AuthorizerConfiguration {
  readonly type: string;
  readonly name: string;
  readonly webhook?: WebhookConfiguration;
}

/** Durations are Go's: "5m0s". */
export interface WebhookConfiguration {
  readonly authorizedTTL?: string;
  /** Default true. */
  readonly cacheAuthorizedRequests?: boolean;
  readonly unauthorizedTTL?: string;
  /** Default true. */
  readonly cacheUnauthorizedRequests?: boolean;
  readonly timeout?: string;
  readonly subjectAccessReviewVersion?: string;
  readonly matchConditionSubjectAccessReviewVersion?: string;
  readonly failurePolicy?: string;
  readonly connectionInfo?: { readonly type?: string; readonly kubeConfigFile?: string };
  readonly matchConditions?: readonly { readonly expression?: string }[];
}

const types: ConfigTypes = {
  AuthorizationConfiguration: { authorizers: { list: 'AuthorizerConfiguration' } },
  AuthorizerConfiguration: {
    type: { type: 'string' },
    name: { type: 'string' },
    webhook: { type: 'WebhookConfiguration', pointer: true },
  },
  WebhookConfiguration: {
    authorizedTTL: { type: 'Duration' },
    cacheAuthorizedRequests: { type: 'bool', pointer: true },
    unauthorizedTTL: { type: 'Duration' },
    cacheUnauthorizedRequests: { type: 'bool', pointer: true },
    timeout: { type: 'Duration' },
    subjectAccessReviewVersion: { type: 'string' },
    matchConditionSubjectAccessReviewVersion: { type: 'string' },
    failurePolicy: { type: 'string' },
    connectionInfo: { type: 'WebhookConnectionInfo' },
    matchConditions: { list: 'WebhookMatchCondition' },
  },
  WebhookConnectionInfo: { type: { type: 'string' }, kubeConfigFile: { type: 'string', pointer: true } },
  WebhookMatchCondition: { expression: { type: 'string' } },
};

const kind = configKind<AuthorizationConfiguration>('AuthorizationConfiguration', {
  'apiserver.config.k8s.io/v1': types,
  'apiserver.config.k8s.io/v1beta1': types,
  'apiserver.config.k8s.io/v1alpha1': types,
});

/** The name that authorizers of a type without a choice go by. */
export const nameOfType = (type: string): string => type.toLowerCase();

/**
 * Reads the text of --authorization-config. `required`: types that must be there, since their parts of the server run.
 * Throws ConfigError in Kubernetes' words.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#using-configuration-file-for-authorization
 */
export function parseAuthorizationConfiguration(
  text: string,
  required: ReadonlySet<string> = new Set(),
): AuthorizationConfiguration {
  const { object } = decoded(text);
  const found = validateAuthorizationConfiguration(object);
  if (found.length > 0) throw new ConfigError(aggregate(found));
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { type, name } of object.authorizers ?? []) {
    if (type === 'Webhook') continue;
    seen.add(type);
    const expected = nameOfType(type);
    if (name !== expected) wrong.push(`expected name ${expected} for authorizer ${type} instead of ${name}`);
  }
  const missing = [...required].filter((type) => !seen.has(type)).sort();
  if (missing.length > 0) wrong.push(`missing required types: [${missing.join(' ')}]`);
  if (wrong.length > 0) throw new ConfigError(wrong.length === 1 ? (wrong[0] ?? '') : `[${wrong.join(', ')}]`);
  return object;
}

function decoded(text: string) {
  try {
    return decodeConfig(text, kind);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`failed to load AuthorizationConfiguration from file: ${error.message}`);
  }
}

export function validateAuthorizationConfiguration(config: AuthorizationConfiguration): readonly FieldError[] {
  const found: FieldError[] = [];
  const list = config.authorizers ?? [];
  const root = Path.of('authorizers');
  if (list.length === 0) found.push(fieldErrors.required(root, 'at least one authorization mode must be defined'));
  const seenTypes = new Set<string>();
  const seenNames = new Set<string>();
  for (const [i, { type = '', name = '', webhook }] of list.entries()) {
    const path = root.index(i);
    if (type === '') {
      found.push(fieldErrors.required(path.child('type')));
      continue;
    }
    if (!authorizerTypes.some((known) => known === type)) {
      found.push(fieldErrors.notSupported(path.child('type'), type, [...authorizerTypes].sort()));
      continue;
    }
    if (seenTypes.has(type) && type !== 'Webhook') {
      found.push(fieldErrors.duplicate(path.child('type'), type));
      continue;
    }
    seenTypes.add(type);
    const problems = dns1123SubdomainProblems(name);
    if (name === '') found.push(fieldErrors.required(path.child('name')));
    else if (seenNames.has(name)) found.push(fieldErrors.duplicate(path.child('name'), name));
    else if (problems.length > 0) {
      const why = `authorizer name is invalid: ${problems.join(', ')}`;
      found.push(fieldErrors.invalid(path.child('name'), name, why));
    }
    seenNames.add(name);
    if (type !== 'Webhook') {
      if (webhook) {
        const why = 'may only be specified when type=Webhook';
        found.push(fieldErrors.invalid(path.child('webhook'), 'non-null', why));
      }
    } else if (webhook) validateWebhook(webhook, path, found);
    else found.push(fieldErrors.required(path.child('webhook'), 'required when type=Webhook'));
  }
  return found;
}

const seconds = (count: number): bigint => BigInt(count) * 1_000_000_000n;

/** Nanoseconds; 0 for what is absent. */
const nanoseconds = (text: string | undefined): bigint => (text === undefined ? 0n : parseDuration(text));

/** The complaints stand beside the field `webhook`, not below it: that is how Kubernetes has it. */
function validateWebhook(webhook: WebhookConfiguration, path: Path, found: FieldError[]): void {
  const timeout = nanoseconds(webhook.timeout);
  if (timeout === 0n) found.push(fieldErrors.required(path.child('timeout')));
  else if (timeout < 0n || timeout > seconds(30)) {
    found.push(fieldErrors.invalid(path.child('timeout'), formatDuration(timeout), 'must be > 0s and <= 30s'));
  }
  for (const field of ['authorizedTTL', 'unauthorizedTTL'] as const) {
    // 0 is the default.
    const ttl = nanoseconds(webhook[field]);
    if (ttl < 0n) found.push(fieldErrors.invalid(path.child(field), formatDuration(ttl), 'must be > 0s'));
  }
  oneOf(webhook.subjectAccessReviewVersion, ['v1', 'v1beta1'], path.child('subjectAccessReviewVersion'), found);
  const conditions = webhook.matchConditions ?? [];
  const version = webhook.matchConditionSubjectAccessReviewVersion ?? '';
  const at = path.child('matchConditionSubjectAccessReviewVersion');
  if (version !== '') oneOf(version, ['v1'], at, found);
  else if (conditions.length > 0) found.push(fieldErrors.required(at, 'required if match conditions are specified'));
  oneOf(webhook.failurePolicy, ['NoOpinion', 'Deny'], path.child('failurePolicy'), found, ['NoOpinion', 'Deny']);
  validateConnection(webhook.connectionInfo ?? {}, path.child('connectionInfo'), found);
  const compiled = compileMatchConditions(conditions, path);
  found.push(...compiled.problems);
}

function oneOf(
  value: string | undefined,
  known: readonly string[],
  path: Path,
  found: FieldError[],
  named: readonly string[] = [...known].sort(),
): void {
  if (!value) found.push(fieldErrors.required(path));
  else if (!known.includes(value)) found.push(fieldErrors.notSupported(path, value, named));
}

function validateConnection(
  connection: NonNullable<WebhookConfiguration['connectionInfo']>,
  path: Path,
  found: FieldError[],
): void {
  const { type = '', kubeConfigFile: file } = connection;
  const at = path.child('kubeConfigFile');
  switch (type) {
    case '':
      found.push(fieldErrors.required(path.child('type')));
      break;
    case 'InClusterConfig':
      if (file !== undefined) found.push(fieldErrors.invalid(at, file, 'can only be set when type=KubeConfigFile'));
      break;
    case 'KubeConfigFile':
      if (!file) found.push(fieldErrors.required(at));
      else if (!isAbsolute(file)) found.push(fieldErrors.invalid(at, file, 'must be an absolute path'));
      else checkFile(file, at, found);
      break;
    default:
      found.push(
        fieldErrors.notSupported(path.child('type'), { Type: type, KubeConfigFile: file ?? null }, [
          'InClusterConfig',
          'KubeConfigFile',
        ]),
      );
  }
}

function checkFile(file: string, path: Path, found: FieldError[]): void {
  try {
    if (!statSync(file).isFile()) found.push(fieldErrors.invalid(path, file, 'must be a regular file'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'no such file or directory' : 'permission denied';
    found.push(fieldErrors.invalid(path, file, `error loading file: stat ${file}: ${why}`));
  }
}
