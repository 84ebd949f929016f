import { isNotFound } from '../../api/errors.ts';
import type { RequestContext, ServedResource, Target } from '../core.ts';
import type { Core } from '../server-core.ts';

/** Objects deleted at a time. */
const WORKERS = 16;

/** Deletes all objects of a resource, and waits until the last is gone: others may have put finalizers on them. */
export async function removeInstances(
  core: Core,
  resource: ServedResource,
  context: RequestContext,
  signal: AbortSignal,
): Promise<void> {
  const all: Target = { resource, namespace: '', name: '', subresource: '' };
  const left = new Set<string>();
  const { promise: empty, resolve } = Promise.withResolvers<void>();
  const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;
  const list = await core.list(context, all, {});
  for (const { object } of list.items) left.add(keyOf(object.metadata.namespace, object.metadata.name));
  if (left.size === 0) return;
  const watch = await core.watch(
    { ...context, signal },
    all,
    { resourceVersion: list.resourceVersion },
    {
      event: (type, { object }) => {
        if (type !== 'DELETED') return;
        left.delete(keyOf(object.metadata.namespace, object.metadata.name));
        if (left.size === 0) resolve();
      },
      // Whoever called looks again.
      end: () => resolve(),
    },
  );
  try {
    const queue = list.items.values();
    const work = async (): Promise<void> => {
      for (const { object } of queue) {
        const { name, namespace = '', uid } = object.metadata;
        await core.delete(context, { ...all, namespace, name }, { preconditions: { uid } }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(WORKERS, list.items.length) }, work));
    await empty;
  } finally {
    watch.stop();
  }
  if (signal.aborted) return;
  const rest = await core.list(context, all, { limit: 1 });
  if (rest.items.length > 0) await removeInstances(core, resource, context, signal);
}
