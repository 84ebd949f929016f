import { urlProblem } from '../../cel/network.ts';
import { parseDuration } from '../../schema/duration.ts';
import { aggregate, type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { type ConfigTypes, configKind } from '../config-file/kinds.ts';

/** https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-EncryptionConfiguration */
export interface EncryptionConfiguration {
  readonly resources?: readonly ResourceEncryption[];
}

export interface ResourceEncryption {
  /** "secrets", "deployments.apps", "*." (the core group), "*.apps", "*.*". */
  readonly resources?: readonly string[];
  readonly providers?: readonly ProviderConfiguration[];
}

/** Exactly one of its fields is given. */
export interface ProviderConfiguration {
  readonly aesgcm?: KeysConfiguration;
  readonly aescbc?: KeysConfiguration;
  readonly secretbox?: KeysConfiguration;
  readonly identity?: Readonly<Record<string, never>>;
  readonly kms?: KmsConfiguration;
}

export interface KeysConfiguration {
  readonly keys?: readonly { readonly name?: string /** base64 */; readonly secret?: string }[];
}

export interface KmsConfiguration {
  readonly apiVersion?: string;
  readonly name?: string;
  readonly cachesize?: number;
  /** "unix:///path" */
  readonly endpoint?: string;
  /** Go's duration syntax; kube-apiserver's default is 3 s. */
  readonly timeout?: string;
}

const keys = { keys: { list: 'Key' } } as const;
const types: ConfigTypes = {
  EncryptionConfiguration: { resources: { list: 'ResourceConfiguration' } },
  ResourceConfiguration: { resources: { list: 'string' }, providers: { list: 'ProviderConfiguration' } },
  ProviderConfiguration: {
    aesgcm: { type: 'AESConfiguration', pointer: true },
    aescbc: { type: 'AESConfiguration', pointer: true },
    secretbox: { type: 'SecretboxConfiguration', pointer: true },
    identity: { type: 'IdentityConfiguration', pointer: true },
    kms: { type: 'KMSConfiguration', pointer: true },
  },
  AESConfiguration: keys,
  SecretboxConfiguration: keys,
  Key: { name: { type: 'string' }, secret: { type: 'string' } },
  IdentityConfiguration: {},
  KMSConfiguration: {
    apiVersion: { type: 'string', default: 'v1' },
    name: { type: 'string' },
    cachesize: { type: 'int32', pointer: true },
    endpoint: { type: 'string' },
    timeout: { type: 'Duration', pointer: true, default: '3s' },
  },
};

/** --encryption-provider-config */
export const encryptionConfigurationKind = configKind<EncryptionConfiguration>('EncryptionConfiguration', {
  'apiserver.config.k8s.io/v1': types,
});

/** A resource of the configuration's lists, or a group with "*" for it: "secrets" -> { group: '', resource: 'secrets' }. */
export function parseGroupResource(text: string): { readonly group: string; readonly resource: string } {
  const dot = text.indexOf('.');
  return dot < 0 ? { group: '', resource: text } : { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

export const providerNames = ['kms', 'aesgcm', 'aescbc', 'secretbox', 'identity'] as const;

/** What is wrong with a configuration, in Kubernetes' words, or undefined. Keys are never shown. */
export function encryptionConfigurationProblem({ resources }: EncryptionConfiguration): string | undefined {
  const root = Path.of('resources');
  if (!resources?.length) return aggregate([required(root, 'resources')]);
  const errors: FieldError[] = [];
  const kmsNames = new Set<string>();
  for (const [i, { resources: names = [], providers = [] }] of resources.entries()) {
    const at = root.index(i).child('resources');
    if (names.length === 0) errors.push(required(at, at.toString()));
    errors.push(...overlaps(names, at));
    for (const [j, name] of names.entries()) errors.push(...resourceName(name, at.index(j)));
    const list = root.index(i).child('providers');
    if (providers.length === 0) errors.push(required(list, list.toString()));
    for (const [j, provider] of providers.entries()) errors.push(...providerErrors(provider, list.index(j), kmsNames));
  }
  return errors.length > 0 ? aggregate(errors) : undefined;
}

const required = (path: Path, what: string) => fieldErrors.required(path, `at least one ${what} is required`);

function overlaps(names: readonly string[], path: Path): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (new Set(names).size < names.length) {
    errors.push(fieldErrors.invalid(path, names, 'the same resource cannot be specified multiple times'));
  }
  const all = [...new Set(names)].map(parseGroupResource);
  const masked = all.some(({ group, resource }) =>
    resource === '*' && group === '*'
      ? all.length > 1
      : resource === '*' && all.some((other) => other.group === group && other.resource !== '*'),
  );
  if (masked) {
    const detail =
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
    errors.push(fieldErrors.invalid(path, names, detail));
  }
  return errors;
}

function resourceName(name: string, path: Path): readonly FieldError[] {
  const wrong = (detail: string) => [fieldErrors.invalid(path, name, detail)];
  const { group, resource } = parseGroupResource(name);
  if (name.toLowerCase() !== name) return wrong('resource name should not contain capital letters');
  if (name === '*') {
    return wrong("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources");
  }
  if (['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'].includes(name)) {
    return wrong('resources which do not have REST API/s cannot be encrypted');
  }
  if (group === 'events.k8s.io') {
    return wrong(
      "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
    );
  }
  if (group === 'extensions') return wrong("'extensions' group has been removed and cannot be used for encryption");
  if (group === '*' && resource !== '*') return wrong('encrypting the same resource across groups is not supported');
  return [];
}

function providerErrors(provider: ProviderConfiguration, path: Path, kmsNames: Set<string>): readonly FieldError[] {
  const given = providerNames.filter((name) => provider[name] !== undefined);
  if (given.length === 0) {
    const detail = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity';
    return [fieldErrors.invalid(path, {}, detail)];
  }
  const errors: FieldError[] = [];
  if (given.length > 1) {
    const detail = 'more than one provider specified in a single element, should split into different list elements';
    // Kubernetes shows the whole element here, keys and all.
    errors.push(fieldErrors.invalid(path, 'REDACTED', detail));
  }
  const name = given[0];
  if (name === 'kms' && provider.kms) {
    errors.push(...kmsErrors(provider.kms, path.child('kms'), kmsNames));
    kmsNames.add(provider.kms.name ?? '');
  } else if (name === 'aesgcm' || name === 'aescbc' || name === 'secretbox') {
    const sizes = name === 'secretbox' ? [32] : [16, 24, 32];
    errors.push(...keyErrors(provider[name]?.keys ?? [], path.child(name).child('keys'), sizes));
  }
  return errors;
}

function keyErrors(list: NonNullable<KeysConfiguration['keys']>, path: Path, sizes: readonly number[]) {
  if (list.length === 0) return [required(path, 'keys')];
  const errors: FieldError[] = [];
  for (const [i, { name, secret }] of list.entries()) {
    const at = path.index(i);
    if (!name) errors.push(fieldErrors.required(at.child('name'), 'name is a mandatory field for a key'));
    if (!secret) {
      errors.push(fieldErrors.required(at.child('secret'), 'secret is a mandatory field for a key'));
      continue;
    }
    const key = decodeKey(secret);
    if (!key) {
      errors.push(fieldErrors.invalid(at.child('secret'), 'REDACTED', 'secrets must be base64 encoded'));
    } else if (!sizes.includes(key.length)) {
      const detail = `secret is not of the expected length, got ${key.length}, expected one of [${sizes.join(' ')}]`;
      errors.push(fieldErrors.invalid(at.child('secret'), 'REDACTED', detail));
    }
  }
  return errors;
}

/** Undefined for what is not standard base64, padded. */
export function decodeKey(secret: string): Buffer | undefined {
  const text = secret.replace(/[\r\n]/g, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

function kmsErrors(kms: KmsConfiguration, path: Path, names: ReadonlySet<string>): readonly FieldError[] {
  const { name = '', apiVersion = '', cachesize, endpoint = '', timeout = '' } = kms;
  const errors: FieldError[] = [];
  const invalid = (field: string, value: unknown, detail: string) =>
    errors.push(fieldErrors.invalid(path.child(field), value, detail));
  if (name === '') {
    errors.push(fieldErrors.required(path.child('name'), 'name is a mandatory field for a provider'));
  }
  if (apiVersion !== 'v1' && name.includes(':')) {
    invalid('name', name, `invalid KMS provider name ${name}, must not contain ':'`);
  }
  if (names.has(name)) invalid('name', name, `duplicate KMS provider name ${name}, names must be unique`);
  if (parseDuration(timeout) <= 0n) invalid('timeout', timeout, 'timeout should be a positive value');
  if (endpoint === '') invalid('endpoint', '', 'endpoint is a mandatory field for a kms');
  else {
    const problem = urlProblem(endpoint);
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? '';
    if (problem !== undefined) {
      invalid('endpoint', endpoint, `invalid endpoint for kms provider, error: ${problem}`);
    } else if (scheme !== 'unix') {
      invalid('endpoint', endpoint, `unsupported scheme "${scheme}" for KMS provider, only unix is supported`);
    }
  }
  if (cachesize !== undefined && apiVersion !== 'v1') {
    invalid('cachesize', cachesize, 'cachesize is not supported in v2');
  }
  if (apiVersion !== 'v1' && apiVersion !== 'v2') {
    const detail = 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported';
    invalid('apiVersion', apiVersion, detail);
  }
  return errors;
}
