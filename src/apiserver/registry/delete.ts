import { type ApiError, errors } from '../../api/errors.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import type { DeleteParameters, DeleteResult, RequestContext, ServedResource, Target } from '../core.ts';
import { isDefinitions, markedDefinition } from '../custom/definition-deletion.ts';
import { canonicalMetadata, FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './metadata.ts';
import { groupResourceOf, MODIFIED, type Registry, type Write } from './registry.ts';

const MAX_RACES = 100;

/** What a deletion does to an object: away with it, a mark that it is going, or nothing since it is on its way. */
type Verdict =
  | { readonly do: 'remove'; readonly last?: Mutable<KubeObject> }
  | { readonly do: 'mark'; readonly object: Mutable<KubeObject> }
  | { readonly do: 'nothing' };

/**
 * Deletes an object: at once, or when its grace period is over, or when its finalizers are gone.
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/ ,
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 */
export async function deleteObject(registry: Registry, write: Write, options: DeleteParameters): Promise<DeleteResult> {
  const { target, storage } = write;
  const gr = groupResourceOf(target.resource);
  let old = await registry.reader.get(storage, target.namespace, target.name);
  let validated = false;
  for (let race = 0; race < MAX_RACES; race++) {
    if (!old) throw errors.notFound(gr, target.name);
    checkPreconditions(storage, old.object, options);
    if (!validated) {
      const name = write.ofCollection ? '' : target.name;
      const request = registry.admissionOf('DELETE', write, undefined, old.object, name);
      if (request) {
        await registry.admission.mutate(request);
        await registry.admission.validate(request);
      }
      validated = true;
    }
    const verdict = judge(storage, old.object, options, registry.clock.now());
    if (verdict.do === 'nothing') return { gone: false, stored: old };
    if (verdict.do === 'remove') {
      const stored = await registry.remove(write, old, verdict.last);
      if (!('conflict' in stored)) return { gone: true, stored };
      old = stored.conflict;
    } else {
      const stored = await registry.overwrite(write, old, verdict.object);
      if (!('conflict' in stored)) return { gone: false, stored };
      old = stored.conflict;
    }
    validated = false;
  }
  throw errors.conflict(gr, target.name, MODIFIED);
}

/** Tells who deletes without a word about dependents what becomes of them, where they may not expect it. */
export function warnOfOrphans(context: RequestContext, target: Target, options: DeleteParameters): void {
  const { deletionWarning } = target.resource.strategy;
  if (deletionWarning === undefined) return;
  if (options.propagationPolicy === undefined && options.orphanDependents === undefined) context.warn(deletionWarning);
}

function checkPreconditions(storage: ServedResource, object: KubeObject, options: DeleteParameters): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { name, uid: found, resourceVersion: version } = object.metadata;
  if (isNamespaces(storage) || isDefinitions(storage)) {
    // Its own storage asks before the one that all kinds share.
    const failed = (what: string, wanted: string, is: string | undefined): ApiError => {
      const why = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${is ?? ''}`;
      return errors.conflict(groupResourceOf(storage), name, why);
    };
    if (uid !== undefined && uid !== found) throw failed('UID', uid, found);
    if (resourceVersion !== undefined && resourceVersion !== version) {
      throw failed('ResourceVersion', resourceVersion, version);
    }
    return;
  }
  const conflict = (why: string): ApiError =>
    errors.conflict({ group: storage.group, resource: storage.data.kind }, name, why);
  if (uid !== undefined && uid !== found) {
    throw conflict(
      `the UID in the precondition (${uid}) does not match the UID in record (${found}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== version) {
    throw conflict(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`,
    );
  }
}

const isNamespaces = (storage: ServedResource): boolean =>
  storage.group === '' && storage.data.resource === 'namespaces';

function judge(storage: ServedResource, object: KubeObject, options: DeleteParameters, now: number): Verdict {
  if (isNamespaces(storage)) return judgeNamespace(object, options, now);
  const definition = isDefinitions(storage) ? markedDefinition(object, now) : undefined;
  if (definition) return { do: 'mark', object: definition };
  const meta = object.metadata;
  const finalizers = finalizersFor(storage, meta, options);
  const grace = graceful(storage, object, options, now);
  if (grace === 'pending') return { do: 'nothing' };
  if (grace) return { do: 'mark', object: withMetadata(object, { ...grace, finalizers }) };
  if (!finalizers?.length) {
    if (!storage.strategy.graceSeconds) return { do: 'remove' };
    return { do: 'remove', last: lastSeen(object, now) };
  }
  const ended = meta.deletionTimestamp !== undefined && timeToMs(meta.deletionTimestamp) <= now;
  return {
    do: 'mark',
    object: withMetadata(object, {
      finalizers,
      generation: meta.generation && !meta.deletionTimestamp ? meta.generation + 1 : meta.generation,
      deletionTimestamp: ended ? meta.deletionTimestamp : formatTime(now),
      deletionGracePeriodSeconds: 0,
    }),
  };
}

/** Metadata of an object that gets a grace period; 'pending' when one is running; undefined where none is given. */
function graceful(
  { strategy }: ServedResource,
  object: KubeObject,
  options: DeleteParameters,
  now: number,
): Partial<ObjectMeta> | 'pending' | undefined {
  if (!strategy.graceSeconds) return undefined;
  const meta = object.metadata;
  const asked = options.gracePeriodSeconds;
  const requested = asked !== undefined && asked < 0 ? 1 : asked;
  if (meta.deletionTimestamp === undefined) {
    const seconds = strategy.graceSeconds(object, requested);
    if (seconds <= 0) return undefined;
    return {
      deletionTimestamp: formatTime(now + seconds * 1000),
      deletionGracePeriodSeconds: seconds,
      generation: meta.generation ? meta.generation + 1 : meta.generation,
    };
  }
  // The grace period of an object that is being deleted can only be shortened.
  const running = meta.deletionGracePeriodSeconds ?? 0;
  if (running === 0) return undefined;
  if (requested === undefined || requested >= running) return 'pending';
  if (requested === 0) return undefined;
  const moved = timeToMs(meta.deletionTimestamp) - running * 1000 + requested * 1000;
  if (moved >= now) return { deletionTimestamp: formatTime(moved), deletionGracePeriodSeconds: requested };
  return { deletionTimestamp: formatTime(now), deletionGracePeriodSeconds: 1 };
}

/** An object that could have had a grace period and goes at once, as its client sees it last. */
function lastSeen(object: KubeObject, now: number): Mutable<KubeObject> {
  const { deletionTimestamp, generation } = object.metadata;
  const changes: Partial<ObjectMeta> =
    deletionTimestamp !== undefined
      ? {}
      : { deletionTimestamp: formatTime(now), generation: generation ? generation + 1 : generation };
  const last = withMetadata(object, { ...changes, deletionGracePeriodSeconds: 0 });
  last.metadata = canonicalMetadata(last.metadata);
  return last;
}

/** Finalizers that the garbage collector takes away when it has seen to the dependents, as the propagation asks. */
function finalizersFor(
  { data, strategy }: ServedResource,
  meta: ObjectMeta,
  options: DeleteParameters,
): readonly string[] | undefined {
  // Nothing depends on an event; whatever its deletion says of dependents is not heard.
  if (data.resource === 'events') return meta.finalizers;
  const present = meta.finalizers ?? [];
  const wanted = propagation(present, options) ?? strategy.defaultPropagation ?? 'background';
  const finalizer = wanted === 'orphan' ? ORPHAN_FINALIZER : wanted === 'foreground' ? FOREGROUND_FINALIZER : undefined;
  const marks = present.filter((name) => name === ORPHAN_FINALIZER || name === FOREGROUND_FINALIZER);
  if (marks.length === (finalizer ? 1 : 0) && (!finalizer || marks[0] === finalizer)) return meta.finalizers;
  const others = present.filter((name) => name !== ORPHAN_FINALIZER && name !== FOREGROUND_FINALIZER);
  const all = finalizer ? [...others, finalizer] : others;
  return all.length > 0 ? all : undefined;
}

function propagation(
  finalizers: readonly string[],
  options: DeleteParameters,
): 'orphan' | 'foreground' | 'background' | undefined {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? 'orphan' : 'background';
  switch (options.propagationPolicy) {
    case 'Orphan':
      return 'orphan';
    case 'Foreground':
      return 'foreground';
    case 'Background':
      return 'background';
  }
  if (finalizers.includes(ORPHAN_FINALIZER)) return 'orphan';
  return finalizers.includes(FOREGROUND_FINALIZER) ? 'foreground' : undefined;
}

/** A namespace goes through Terminating until its spec.finalizers are empty; the namespace controller empties them. */
function judgeNamespace(object: KubeObject, options: DeleteParameters, now: number): Verdict {
  const { spec, status, ...rest } = object as KubeObject & {
    readonly spec?: { readonly finalizers?: readonly string[] };
    readonly status?: object;
  };
  const meta = object.metadata;
  if (!meta.deletionTimestamp) {
    const present = meta.finalizers ?? [];
    const wanted = propagation(present, options);
    const others = present.filter((name) => name !== ORPHAN_FINALIZER && name !== FOREGROUND_FINALIZER);
    if (wanted === 'orphan') others.push(ORPHAN_FINALIZER);
    if (wanted === 'foreground') others.push(FOREGROUND_FINALIZER);
    const marked = {
      ...rest,
      metadata: {
        ...meta,
        deletionTimestamp: formatTime(now),
        finalizers: others.length > 0 ? others : undefined,
      },
      spec,
      status: { ...status, phase: 'Terminating' },
    };
    return { do: 'mark', object: marked as unknown as Mutable<KubeObject> };
  }
  if (spec?.finalizers?.length || meta.finalizers?.length) return { do: 'nothing' };
  return { do: 'remove' };
}

const withMetadata = (object: KubeObject, changes: Partial<ObjectMeta>): Mutable<KubeObject> =>
  // Shares what it does not change with the frozen original; nobody writes into it.
  ({ ...object, metadata: { ...object.metadata, ...changes } }) as Mutable<KubeObject>;
