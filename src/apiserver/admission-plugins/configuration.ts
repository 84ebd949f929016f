import { dirname, isAbsolute, join } from 'node:path';
import { isJsonObject } from '../../schema/json.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import { type ConfigKind, configKind } from '../config-file/kinds.ts';
import { ConfigError, decodeConfig, decodeConfigValue, readTextFile } from '../config-file/read.ts';
import { parseYaml, YamlError } from '../http/yaml.ts';

const flag = '--admission-control-config-file';

interface AdmissionConfiguration {
  readonly plugins?: readonly { readonly name?: string; readonly path?: string; readonly configuration?: unknown }[];
}
const types = {
  AdmissionConfiguration: { plugins: { list: 'AdmissionPluginConfiguration' } },
  AdmissionPluginConfiguration: {
    name: { type: 'string' },
    path: { type: 'string' },
    configuration: { type: 'JSON' },
  },
} as const;

const admissionConfiguration = configKind<AdmissionConfiguration>('AdmissionConfiguration', {
  'apiserver.config.k8s.io/v1': types,
  'apiserver.k8s.io/v1alpha1': types,
});

/** Plugins whose configuration is older than kinds of configurations, and by what it is known. */
const unversioned = [
  { name: 'ImagePolicyWebhook', key: 'imagePolicy' },
  { name: 'PodNodeSelector', key: 'podNodeSelectorPluginConfig' },
] as const;

/** What --admission-control-config-file says to each plugin. */
export class PluginConfigurations {
  readonly #values: ReadonlyMap<string, { readonly file: string; readonly value: unknown }>;

  private constructor(values: ReadonlyMap<string, { readonly file: string; readonly value: unknown }>) {
    this.#values = values;
  }

  static readonly none = new PluginConfigurations(new Map());

  /** Reads the file, and those that it names. Throws a ConfigurationError that names flag and file. */
  static read(path: string): PluginConfigurations {
    const text = readTextFile(path, flag);
    const legacy = legacyValue(text, path);
    if (legacy !== undefined) {
      return new PluginConfigurations(new Map(unversioned.map(({ name }) => [name, { file: path, value: legacy }])));
    }
    const { object } = attempt(path, () => decodeConfig(text, admissionConfiguration));
    const values = new Map<string, { file: string; value: unknown }>();
    for (const { name = '', path: file, configuration } of object.plugins ?? []) {
      // The first of a name counts, as for kube-apiserver.
      if (values.has(name)) continue;
      if (configuration !== undefined && configuration !== null) values.set(name, { file: path, value: configuration });
      else if (file) {
        const absolute = isAbsolute(file) ? file : join(dirname(path), file);
        values.set(name, { file: absolute, value: yaml(absolute, readTextFile(absolute, flag)) });
      }
    }
    return new PluginConfigurations(values);
  }

  /** The plugin's configuration, of its kind; undefined where the file has none. Throws a ConfigurationError. */
  of<T extends object>(plugin: string, kind: ConfigKind<T>): T | undefined {
    return this.check(plugin, (value) => decodeConfigValue(value, kind).object);
  }

  /** The kind that the plugin's configuration says it is, where a plugin knows several. */
  kindOf(plugin: string): string | undefined {
    const value = this.#values.get(plugin)?.value;
    return isJsonObject(value) && typeof value.kind === 'string' ? value.kind : undefined;
  }

  /** The same for a configuration without a kind. `decode` throws ConfigError for what makes no sense. */
  check<T>(plugin: string, decode: (value: unknown) => T): T | undefined {
    const found = this.#values.get(plugin);
    return found && attempt(found.file, () => decode(found.value), plugin);
  }

  /** How an error found later in the plugin's configuration is told. */
  refuse(plugin: string, why: string): ConfigurationError {
    return new ConfigurationError(`${flag}: ${this.#values.get(plugin)?.file ?? ''}: ${plugin}: ${why}`);
  }
}

/** What is in a file that is the configuration of such an old plugin itself. */
function legacyValue(text: string, path: string): unknown {
  const value = text.trim() === '' ? undefined : yaml(path, text);
  if (!isJsonObject(value) || value.kind !== undefined || value.apiVersion !== undefined) return undefined;
  return unversioned.some(({ key }) => Object.hasOwn(value, key)) ? value : undefined;
}

function yaml(path: string, text: string): unknown {
  return attempt(path, () => {
    try {
      const { value, repeated } = parseYaml(text);
      if (repeated.length > 0) throw new ConfigError(repeated.join(', '));
      return value;
    } catch (error) {
      if (error instanceof YamlError) throw new ConfigError(error.message);
      throw error;
    }
  });
}

function attempt<T>(path: string, read: () => T, plugin = ''): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigurationError(`${flag}: ${path}: ${plugin && `${plugin}: `}${error.message}`);
  }
}
