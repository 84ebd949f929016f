import { parseDuration } from '../../schema/duration.ts';
import type { Clock } from '../../utils/clock.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import type { Logger } from '../../utils/log.ts';
import type { Registry } from '../../utils/metrics.ts';
import { decodeConfig, readConfigFile } from '../config-file/read.ts';
import { reloadConfig } from '../config-file/reload.ts';
import type { WatchedFile } from '../config-file/watch.ts';
import { KeyResources } from '../key-resources.ts';
import type { Resources } from '../resource-table.ts';
import { aesCbc, aesGcm, type Cipher, named, secretbox } from './ciphers.ts';
import {
  decodeKey,
  type EncryptionConfiguration,
  encryptionConfigurationKind,
  encryptionConfigurationProblem,
  type KeysConfiguration,
  type KmsConfiguration,
  type ProviderConfiguration,
  parseGroupResource,
} from './config.ts';
import { KmsProvider } from './kms.ts';
import { identity, inOrder, type Provider } from './provider.ts';

const FLAG = '--encryption-provider-config';

export interface EncryptionOptions {
  /** --encryption-provider-config */
  readonly path: string;
  /** --encryption-provider-config-automatic-reload */
  readonly reload: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry?: Registry;
}

/** How each resource's values are written, as one text of the configuration has it. */
interface Rules {
  /** By "resource.group" as the configuration names them. */
  readonly providers: ReadonlyMap<string, Provider>;
  readonly plugins: readonly KmsProvider[];
}

/**
 * What is encrypted on disk, and how: an EncryptionConfiguration in force.
 * https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
 */
export class Encryption {
  #rules: Rules;
  #watched: WatchedFile | undefined;
  readonly #options: EncryptionOptions;

  private constructor(options: EncryptionOptions, rules: Rules) {
    this.#options = options;
    this.#rules = rules;
  }

  /** Throws a ConfigurationError for a file that is none, or makes no sense. Plugins may come up later. */
  static async load(options: EncryptionOptions): Promise<Encryption> {
    const { object, text } = readConfigFile(options.path, encryptionConfigurationKind, FLAG);
    let rules: Rules;
    try {
      rules = rulesOf(object, options);
    } catch (error) {
      throw new ConfigurationError(`${FLAG}: ${options.path}: ${error instanceof Error ? error.message : error}`);
    }
    const encryption = new Encryption(options, rules);
    await Promise.all(rules.plugins.map((plugin) => plugin.start()));
    if (options.reload) {
      encryption.#watched = reloadConfig(options.path, {
        clock: options.clock,
        log: options.log,
        what: 'encryption',
        registry: options.registry,
        text,
        apply: (next) => encryption.#apply(next),
      });
    }
    return encryption;
  }

  /** How values of a resource are written and read at present. */
  of(group: string, resource: string): Provider {
    const { providers } = this.#rules;
    return providers.get(`${resource}.${group}`) ?? providers.get(`*.${group}`) ?? providers.get('*.*') ?? identity;
  }

  /** The same by the store's keys. What is no resource's is not encrypted. */
  byKey(resources: Resources): (key: string) => Provider {
    const keys = new KeyResources(resources);
    return (key) => {
      const served = keys.of(key);
      return served ? this.of(served.group, served.data.resource) : identity;
    };
  }

  /** Why plugins are not well, or undefined: the health check "kms-providers". */
  async check(): Promise<string | undefined> {
    const problems = await Promise.all(
      this.#rules.plugins.map(async (plugin, i) => {
        const problem = await plugin.check();
        return problem === undefined ? [] : [`kms-provider-${i}: ${problem}`];
      }),
    );
    return problems.flat().join(', ') || undefined;
  }

  close(): void {
    this.#watched?.stop();
    for (const plugin of this.#rules.plugins) plugin.close();
  }

  async #apply(text: string): Promise<void> {
    const rules = rulesOf(decodeConfig(text, encryptionConfigurationKind).object, this.#options);
    await Promise.all(rules.plugins.map((plugin) => plugin.start()));
    // A plugin that does not answer would make the values of the one before unreadable.
    for (const plugin of rules.plugins) {
      const problem = await plugin.check();
      if (problem === undefined) continue;
      for (const other of rules.plugins) other.close();
      throw new Error(problem);
    }
    const { plugins } = this.#rules;
    this.#rules = rules;
    // Whoever is being answered by them has their timeouts to end in.
    this.#options.clock.after(CLOSE_AFTER, () => {
      for (const plugin of plugins) plugin.close();
    });
  }
}

/** Milliseconds. */
const CLOSE_AFTER = 30_000;

/** Throws for what is wrong, in Kubernetes' words. */
function rulesOf(configuration: EncryptionConfiguration, options: EncryptionOptions): Rules {
  const problem = encryptionConfigurationProblem(configuration);
  if (problem !== undefined) throw new Error(problem);
  const lists = new Map<string, Provider[]>();
  const plugins: KmsProvider[] = [];
  for (const { resources = [], providers = [] } of configuration.resources ?? []) {
    const made = providers.map((provider) => providerOf(provider, options, plugins));
    for (const name of resources) {
      const { group, resource } = parseGroupResource(name);
      const masking = [`*.${group}`, '*.*'].find((wide) => lists.has(wide));
      if (masking !== undefined) {
        throw new Error(`error while building transformers: resource "${name}" is masked by earlier rule "${masking}"`);
      }
      const key = `${resource}.${group}`;
      lists.set(key, [...(lists.get(key) ?? []), ...made]);
    }
  }
  const providers = [...lists].map(([key, list]) => [key, inOrder('', list, 'no matching prefix found')] as const);
  return { providers: new Map(providers), plugins };
}

function providerOf(provider: ProviderConfiguration, options: EncryptionOptions, plugins: KmsProvider[]): Provider {
  const { kms, aesgcm, aescbc, secretbox: box } = provider;
  if (kms) {
    const plugin = kmsProvider(kms, options);
    plugins.push(plugin);
    return plugin;
  }
  if (aesgcm) return keyed('k8s:enc:aesgcm:v1:', aesgcm, aesGcm, 'AES');
  if (aescbc) return keyed('k8s:enc:aescbc:v1:', aescbc, aesCbc, 'AES');
  if (box) return keyed('k8s:enc:secretbox:v1:', box, secretbox, 'Secretbox');
  return identity;
}

function keyed(prefix: string, { keys = [] }: KeysConfiguration, cipher: (key: Buffer) => Cipher, what: string) {
  const made = keys.map(({ name = '', secret = '' }) => named(name, cipher(decodeKey(secret) ?? Buffer.alloc(0))));
  return inOrder(prefix, made, `no matching key was found for the provided ${what} transformer`);
}

function kmsProvider(kms: KmsConfiguration, { clock, log, registry }: EncryptionOptions): KmsProvider {
  const { apiVersion, name = '', endpoint = '', timeout = '3s' } = kms;
  if (apiVersion !== 'v2') {
    throw new Error(
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  ' +
        'Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    );
  }
  const timeoutMs = Number(parseDuration(timeout) / 1_000_000n);
  return new KmsProvider({ name, endpoint, timeoutMs, clock, log, registry });
}
