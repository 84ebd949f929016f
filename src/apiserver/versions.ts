import type { KubeObject, Mutable } from '../api/resource.ts';
import { Entry } from './cache/entry.ts';
import { conversionOf } from './conversion.ts';
import type { ServedResource, Stored } from './core.ts';

/** How a served version shows what another one stores. */
export interface Versions {
  readonly storage: ServedResource;
  /** May take the object over. */
  toStorage(object: Mutable<KubeObject>): Mutable<KubeObject> | Promise<Mutable<KubeObject>>;
  /** Where making a view takes time: makes those of these entries, so that `view` has them. Rejects with ApiError. */
  readonly prepare?: ((stored: readonly Stored[]) => Promise<void>) | undefined;
  view(stored: Entry | Stored): Stored;
}

const identities = new WeakMap<ServedResource, Versions>();
const converted = new WeakMap<ServedResource, Versions>();

/** A stored entry as the version shows it, whatever that takes. */
export async function viewed(versions: Versions, stored: Entry | Stored): Promise<Stored> {
  await versions.prepare?.([stored]);
  return versions.view(stored);
}

/** A resource that is stored as it is served: nearly all. */
export function identity(resource: ServedResource): Versions {
  let versions = identities.get(resource);
  if (!versions) {
    versions = { storage: resource, toStorage: (object) => object, view: (stored) => stored };
    identities.set(resource, versions);
  }
  return versions;
}

/** `served` and `storage` are versions of one kind. Each entry is converted once, however many readers it has. */
export function versionsOf(served: ServedResource, storage: ServedResource): Versions {
  let versions = converted.get(served);
  if (!versions) {
    const { toStorage, fromStorage } = conversionOf(served);
    const views = new WeakMap<Stored, Stored>();
    versions = {
      storage,
      toStorage,
      view: (stored) => {
        let view = views.get(stored);
        if (!view) {
          view = Entry.unstored(stored.key, stored.revision, fromStorage(stored.object));
          views.set(stored, view);
        }
        return view;
      },
    };
    converted.set(served, versions);
  }
  return versions;
}
