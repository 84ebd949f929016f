import {
  type ConfigMap,
  configmaps,
  type EnvVarSource,
  type ObjectFieldSelector,
  type Pod,
  type Secret,
  type Service,
  secrets,
} from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { quote } from '../../schema/quote.ts';
import { expand } from '../expand.ts';
import { type AnyContainer, containerSpec } from '../pods/pod.ts';
import { ContainerConfigError, type ResolveEnv } from '../volumes/types.ts';
import { metadataField, type NodeAllocatable, resourceField } from './downward-api.ts';
import { serviceVariables, visibleServices } from './services.ts';

export interface EnvOptions {
  readonly client: Client;
  /** Of all namespaces; started by its owner. */
  readonly services: Pick<Informer<Service>, 'store' | 'synced'>;
  readonly allocatable: NodeAllocatable;
}

type Addresses = Parameters<ResolveEnv>[2];

/**
 * Makes the function that resolves a container's environment: `envFrom`, then `env` in order (which may use what
 * came before as `$(NAME)`), then the services that the pod sees. Rejects with ContainerConfigError in Kubernetes'
 * words. https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/
 */
export function createEnvResolver(options: EnvOptions): ResolveEnv {
  return async (pod, name, addresses) => {
    const container = containerSpec(pod, name);
    if (!container) throw new ContainerConfigError(`container ${name} not found`);
    if (!options.services.synced) {
      throw new ContainerConfigError('services have not yet been read at least once, cannot construct envvars');
    }
    return new Resolution(options, pod, container, addresses).run();
  };
}

class Resolution {
  readonly #options: EnvOptions;
  readonly #pod: Pod;
  readonly #container: AnyContainer;
  readonly #addresses: Addresses;
  /** Each object is read once, so that a container sees one state of it. */
  readonly #configMaps = new Map<string, Promise<ConfigMap | undefined>>();
  readonly #secrets = new Map<string, Promise<Secret | undefined>>();

  constructor(options: EnvOptions, pod: Pod, container: AnyContainer, addresses: Addresses) {
    this.#options = options;
    this.#pod = pod;
    this.#container = container;
    this.#addresses = addresses;
  }

  async run(): Promise<ReadonlyMap<string, string>> {
    const env = await this.#fromObjects();
    const seen = visibleServices(
      this.#options.services.store.list(),
      this.#pod.metadata.namespace ?? '',
      this.#pod.spec.enableServiceLinks ?? true,
    );
    const ofServices = serviceVariables(seen);
    const known = new Map([...ofServices, ...env]);
    for (const { name, value, valueFrom } of this.#container.env ?? []) {
      const resolved = value ? expand(value, known) : valueFrom ? await this.#valueFrom(valueFrom) : '';
      if (resolved === undefined) continue;
      env.set(name, resolved);
      known.set(name, resolved);
    }
    for (const [name, value] of ofServices) if (!env.has(name)) env.set(name, value);
    return env;
  }

  async #fromObjects(): Promise<Map<string, string>> {
    const env = new Map<string, string>();
    for (const { prefix = '', configMapRef, secretRef } of this.#container.envFrom ?? []) {
      if (configMapRef) {
        const found = await this.#configMap(configMapRef.name ?? '', configMapRef.optional ?? false);
        for (const [key, value] of Object.entries(found?.data ?? {})) env.set(prefix + key, value);
      } else if (secretRef) {
        const found = await this.#secret(secretRef.name ?? '', secretRef.optional ?? false);
        for (const [key, value] of Object.entries(found?.data ?? {})) env.set(prefix + key, decode(value));
      }
    }
    return env;
  }

  /** undefined: the variable is left out. */
  async #valueFrom(source: EnvVarSource): Promise<string | undefined> {
    const namespace = this.#pod.metadata.namespace ?? '';
    if (source.fieldRef) return this.#field(source.fieldRef);
    if (source.resourceFieldRef) {
      try {
        return resourceField(this.#pod, this.#container, source.resourceFieldRef, this.#options.allocatable);
      } catch (error) {
        throw new ContainerConfigError(error instanceof Error ? error.message : String(error));
      }
    }
    if (source.configMapKeyRef) {
      const { name = '', key, optional = false } = source.configMapKeyRef;
      const found = await this.#configMap(name, optional);
      const value = found?.data && Object.hasOwn(found.data, key) ? found.data[key] : undefined;
      if (value !== undefined || optional) return value;
      throw new ContainerConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    }
    if (source.secretKeyRef) {
      const { name = '', key, optional = false } = source.secretKeyRef;
      const found = await this.#secret(name, optional);
      const value = found?.data && Object.hasOwn(found.data, key) ? found.data[key] : undefined;
      if (value !== undefined) return decode(value);
      if (optional) return undefined;
      throw new ContainerConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    }
    throw new ContainerConfigError(`a variable cannot be taken from ${Object.keys(source).join(', ')} on this node`);
  }

  #field({ fieldPath }: ObjectFieldSelector): string {
    const { podIPs, hostIPs } = this.#addresses;
    switch (fieldPath) {
      case 'spec.nodeName':
        return this.#pod.spec.nodeName ?? '';
      case 'spec.serviceAccountName':
        return this.#pod.spec.serviceAccountName ?? '';
      case 'status.hostIP':
        return hostIPs[0] ?? '';
      case 'status.hostIPs':
        return hostIPs.join(',');
      case 'status.podIP':
        return podIPs[0] ?? '';
      case 'status.podIPs':
        return podIPs.join(',');
    }
    const text = metadataField(this.#pod, fieldPath);
    if (text === undefined) throw new ContainerConfigError(`unsupported fieldPath: ${fieldPath}`);
    return text;
  }

  #configMap(name: string, optional: boolean): Promise<ConfigMap | undefined> {
    const namespace = this.#pod.metadata.namespace ?? '';
    const get = () => this.#options.client.resource(configmaps).get(namespace, name);
    return once(this.#configMaps, 'configmap', name, get, optional);
  }

  #secret(name: string, optional: boolean): Promise<Secret | undefined> {
    const namespace = this.#pod.metadata.namespace ?? '';
    const get = () => this.#options.client.resource(secrets).get(namespace, name);
    return once(this.#secrets, 'secret', name, get, optional);
  }
}

/** Reads an object the first time; undefined when it is not there. Rejects when it is not there and must be. */
async function once<T>(
  known: Map<string, Promise<T | undefined>>,
  what: string,
  name: string,
  get: () => Promise<T>,
  optional: boolean,
): Promise<T | undefined> {
  const reading =
    known.get(name) ??
    get().catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw new ContainerConfigError(error instanceof Error ? error.message : String(error));
    });
  known.set(name, reading);
  const found = await reading;
  if (found === undefined && !optional) throw new ContainerConfigError(`${what} ${quote(name)} not found`);
  return found;
}

/** Variables are text; what is not UTF-8 cannot be carried as it is. */
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
