import { isNotFound } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { ExtensionResources } from '../shared/extensions.ts';
import type { CatalogEntry } from '../shared/resource-catalog.ts';

const SERVICE_ACCOUNT = 'namespace-controller';

/** What emptying a namespace needs of a resource, be it this server's own or another's. */
export interface Content {
  list(namespace: string): Promise<readonly KubeObject[]>;
  deleteCollection(namespace: string): Promise<void>;
  delete(namespace: string, name: string): Promise<void>;
}

/** The content of namespaces that an extension API server keeps. */
export function extensionContent(
  extensions: ExtensionResources,
  { group, version, resource }: Pick<CatalogEntry, 'group' | 'version' | 'resource'>,
): Content {
  const path = (namespace: string) => `/apis/${group}/${version}/namespaces/${namespace}/${resource}`;
  const remove = async (at: string): Promise<void> => {
    await extensions.ask(SERVICE_ACCOUNT, 'DELETE', `${at}?propagationPolicy=Background`);
  };
  return {
    async list(namespace) {
      const { items } = listOf(await extensions.ask(SERVICE_ACCOUNT, 'GET', path(namespace)));
      return items;
    },
    deleteCollection: (namespace) => remove(path(namespace)),
    delete: (namespace, name) =>
      remove(`${path(namespace)}/${encodeURIComponent(name)}`).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      }),
  };
}

function listOf(value: unknown): { readonly items: readonly KubeObject[] } {
  const items = typeof value === 'object' && value !== null && 'items' in value ? value.items : undefined;
  if (items === null || items === undefined) return { items: [] };
  if (!Array.isArray(items) || !items.every((item) => typeof item?.metadata?.name === 'string')) {
    throw new Error('the extension API server answered with what is no list');
  }
  return { items };
}
