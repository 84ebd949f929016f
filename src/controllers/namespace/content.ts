import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { isNotFound, isReason } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { ExtensionResources } from '../shared/extensions.ts';
import type { CatalogEntry } from '../shared/resource-catalog.ts';
import type { Remains } from './conditions.ts';
import { type Content, extensionContent } from './extension-client.ts';

/** How long to give finalizers, of which nobody says how long they take. */
const FINALIZER_SECONDS = 15;

export interface PassOptions {
  readonly client: Client;
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly deletedAt: number;
  readonly now: number;
  readonly resources: readonly CatalogEntry[];
  readonly extensions?: ExtensionResources | undefined;
}

export interface PassResult extends Remains {
  /** Seconds until what remains should be gone; 0 when nothing remains. */
  readonly estimate: number;
}

/** Deletes what is in a namespace: pods first, and nothing else until they are gone, since they may need the rest. */
export async function deleteContent(options: PassOptions): Promise<PassResult> {
  const resources: { resource: Resource; count: number }[] = [];
  const finalizers = new Map<string, number>();
  const errors: string[] = [];
  let estimate = 0;

  const { extensions } = options;
  const empty = async (resource: Resource, content: Content): Promise<void> => {
    try {
      const left = await deleteAll(options, resource, content);
      if (left.items.length === 0) return;
      resources.push({ resource, count: left.items.length });
      for (const { metadata } of left.items) {
        for (const name of metadata.finalizers ?? []) finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
      }
      if (left.estimate === 0) {
        const { group, version, resource: plural } = resource;
        errors.push(
          `unexpected items still remain in namespace: ${options.namespace} for gvr: ${group}/${version}, Resource=${plural}`,
        );
      }
      estimate = Math.max(estimate, left.estimate);
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  };

  const deletable = options.resources.filter(isDeletable);
  const own = (resource: CatalogEntry) => empty(resource, ownContent(options.client, resource));
  for (const resource of deletable.filter(isPods)) await own(resource);
  if (resources.length === 0 && errors.length === 0) {
    for (const resource of deletable) if (!isPods(resource)) await own(resource);
    if (extensions) {
      for (const resource of extensions.resources().filter(isDeletable)) {
        if (resource.verbs.includes('list')) await empty(resource, extensionContent(extensions, resource));
      }
    }
  }
  return { resources, finalizers, errors, estimate, undiscovered: extensions?.unknown() ?? [] };
}

type Resource = Omit<CatalogEntry, 'custom'>;

const isDeletable = ({ namespaced, verbs }: Resource): boolean => namespaced && verbs.includes('delete');

function ownContent(client: Client, type: CatalogEntry): Content {
  const resource = client.resource(type);
  const background = { propagationPolicy: 'Background' } as const;
  return {
    list: async (namespace) => (await resource.list(namespace, { metadataOnly: true })).items,
    deleteCollection: (namespace) => resource.deleteCollection(namespace, background),
    delete: (namespace, name) =>
      resource.delete(namespace, name, background).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      }),
  };
}

const isPods = ({ group, resource }: Resource): boolean => group === '' && resource === 'pods';

interface Left {
  readonly items: readonly KubeObject[];
  readonly estimate: number;
}

async function deleteAll(
  { client, namespace, deletedAt, now }: PassOptions,
  type: Resource,
  content: Content,
): Promise<Left> {
  try {
    const items = await content.list(namespace);
    if (items.length === 0) return { items, estimate: 0 };
    const grace = isPods(type) ? await graceLeft(client, namespace, deletedAt, now) : 0;
    if (type.verbs.includes('deletecollection')) await content.deleteCollection(namespace);
    else for (const { metadata } of items) await content.delete(namespace, metadata.name);
    const left = await content.list(namespace);
    const waits = left.some(({ metadata }) => metadata.finalizers?.length);
    return { items: left, estimate: grace || (waits ? FINALIZER_SECONDS : 0) };
  } catch (error) {
    // The resource went away together with its definition.
    if (isReason(error, 'NotFound', 'MethodNotAllowed')) return { items: [], estimate: 0 };
    throw error;
  }
}

/** Seconds that pods may still take to end in their own time. */
async function graceLeft(client: Client, namespace: string, deletedAt: number, now: number): Promise<number> {
  const { items } = await client.resource(pods).list(namespace);
  const longest = Math.max(0, ...items.filter(runs).map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0));
  return now - deletedAt >= longest * 1000 ? 0 : longest;
}

const runs = ({ status }: Pod): boolean => status.phase !== 'Succeeded' && status.phase !== 'Failed';
