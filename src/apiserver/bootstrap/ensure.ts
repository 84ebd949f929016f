import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import type { AggregationRule, PolicyRule, Subject } from '../../api/rbac/v1.gen.ts';
import type { Draft, KubeList, KubeObject, ResourceType } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { uncovered } from '../authorization/rules.ts';
import { ensureFlowControl } from './flow-control.ts';
import { type BootstrapObjects, bootstrapObjects } from './objects.ts';

/** The part of a client that bootstrap needs; `Client` of src/client is one. */
export interface BootstrapClient {
  resource<T extends KubeObject>(
    type: ResourceType<T>,
  ): {
    list(namespace: string): Promise<KubeList<T>>;
    create(namespace: string, object: Draft<T>): Promise<T>;
    update(object: T): Promise<T>;
    delete(namespace: string, name: string): Promise<void>;
  };
}

/**
 * Makes the objects that every cluster has, and repairs those that lost something: permissions, subjects and labels
 * are added, never taken away, and an object whose autoupdate annotation is "false" is left alone. Writes only what
 * differs. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
 */
export async function ensureBootstrap(client: BootstrapClient): Promise<void> {
  const all = bootstrapObjects();
  await ensure(client, all.namespaces, () => undefined);
  await Promise.all([
    ensure(client, all.clusterRoles, (live, wanted) => repairRole(live, wanted)),
    ensure(client, all.roles, (live, wanted) => repairRole(live, wanted)),
    ensure(client, all.clusterRoleBindings, (live, wanted) => repairBinding(live, wanted)),
    ensure(client, all.roleBindings, (live, wanted) => repairBinding(live, wanted)),
    ensure(client, all.priorityClasses, () => undefined),
    ensureFlowControl(client),
    ensure(client, all.apiServices, (live, wanted) =>
      live.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'] ? repairSpec(live, wanted) : undefined,
    ),
  ]);
}

/** What to write instead of a live object: undefined leaves it, 'replace' deletes it first (a roleRef cannot change). */
type Repair<T> = (live: T, wanted: Draft<T>) => T | 'replace' | undefined;

async function ensure<T extends KubeObject>(
  client: BootstrapClient,
  { type, objects }: BootstrapObjects<T>,
  repair: Repair<T>,
): Promise<void> {
  const resource = client.resource(type);
  const key = (metadata: Draft<ObjectMeta> | undefined) => `${metadata?.namespace ?? ''}/${metadata?.name}`;
  const live = new Map((await resource.list('')).items.map((object) => [key(object.metadata), object]));
  await Promise.all(
    objects.map(async (wanted) => {
      const metadata: Draft<ObjectMeta> | undefined = wanted.metadata;
      const namespace = metadata?.namespace ?? '';
      const existing = live.get(key(metadata));
      const repaired = existing && repair(existing, wanted);
      if (existing && !repaired) return;
      try {
        if (repaired && repaired !== 'replace') await resource.update(repaired);
        else {
          if (repaired) await resource.delete(namespace, metadata?.name ?? '');
          await resource.create(namespace, wanted);
        }
      } catch (error) {
        // Another API server over the same store does the same work at the same time.
        if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
      }
    }),
  );
}

const mayUpdate = (live: KubeObject, annotation: string): boolean =>
  live.metadata.annotations?.[annotation] !== 'false';
const rbacAutoupdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** Metadata with the labels and annotations that are missing; the same object where none is. */
function repairMeta(live: ObjectMeta, wanted: Draft<ObjectMeta> | undefined): ObjectMeta {
  const lacks = (have: Readonly<Record<string, string>> | undefined, want: Readonly<Record<string, string>>) =>
    Object.keys(want).some((k) => have?.[k] === undefined);
  const labels = present(wanted?.labels);
  const annotations = present(wanted?.annotations);
  if (!lacks(live.labels, labels) && !lacks(live.annotations, annotations)) return live;
  return {
    ...live,
    labels: { ...labels, ...live.labels },
    annotations: { ...annotations, ...live.annotations },
  };
}

function present(map: Readonly<Record<string, string | undefined>> | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [k, v] of Object.entries(map ?? {})) if (v !== undefined) out[k] = v;
  return out;
}

interface RoleLike extends KubeObject {
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: AggregationRule;
}

function repairRole<T extends RoleLike>(
  live: T,
  wanted: Draft<T> & {
    readonly rules?: Draft<readonly PolicyRule[]>;
    readonly aggregationRule?: Draft<AggregationRule>;
  },
): T | undefined {
  if (!mayUpdate(live, rbacAutoupdate)) return undefined;
  const metadata = repairMeta(live.metadata, wanted.metadata);
  // The controller that sums up aggregated roles owns their rules.
  const missing = wanted.aggregationRule ? [] : uncovered(live.rules ?? [], rulesOf(wanted.rules));
  const selectors = live.aggregationRule?.clusterRoleSelectors ?? [];
  const wantedSelectors = wanted.aggregationRule?.clusterRoleSelectors ?? [];
  const lost = wantedSelectors.filter((one) => !selectors.some((other) => deepEqual(one, other)));
  const tooMuch = !wanted.aggregationRule && live.aggregationRule !== undefined;
  if (metadata === live.metadata && missing.length === 0 && lost.length === 0 && !tooMuch) return undefined;
  return {
    ...live,
    metadata,
    rules: [...(live.rules ?? []), ...missing],
    ...(tooMuch && { aggregationRule: undefined }),
    ...(lost.length > 0 && { aggregationRule: { clusterRoleSelectors: [...selectors, ...lost] } }),
  };
}

function rulesOf(rules: Draft<readonly PolicyRule[]> | undefined): PolicyRule[] {
  return (rules ?? []).map((rule) => ({ ...rule, verbs: rule.verbs ?? [] }));
}

interface BindingLike extends KubeObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

function repairBinding<T extends BindingLike>(
  live: T,
  wanted: Draft<T> & { readonly subjects?: Draft<readonly Subject[]>; readonly roleRef?: Draft<Subject> },
): T | 'replace' | undefined {
  if (!mayUpdate(live, rbacAutoupdate)) return undefined;
  if (live.roleRef.kind !== wanted.roleRef?.kind || live.roleRef.name !== wanted.roleRef.name) return 'replace';
  const metadata = repairMeta(live.metadata, wanted.metadata);
  const same = (a: Draft<Subject>, b: Draft<Subject>) =>
    a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
  const missing = (wanted.subjects ?? [])
    .filter((subject) => !live.subjects?.some((existing) => same(existing, subject)))
    .map((subject) => ({ ...subject, kind: subject.kind ?? '', name: subject.name ?? '' }));
  if (metadata === live.metadata && missing.length === 0) return undefined;
  return { ...live, metadata, subjects: [...(live.subjects ?? []), ...missing] };
}

interface SpecLike extends KubeObject {
  readonly spec?: object;
}

function repairSpec<T extends SpecLike>(live: T, wanted: Draft<T> & { readonly spec?: object }): T | undefined {
  if (contains(live.spec, wanted.spec)) return undefined;
  return { ...live, spec: wanted.spec };
}

/** Whether `live` says all that `wanted` does; what else it says was defaulted. */
function contains(live: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(live) && live.length === wanted.length && wanted.every((w, i) => contains(live[i], w));
  if (typeof wanted !== 'object' || wanted === null) return live === wanted;
  if (typeof live !== 'object' || live === null) return false;
  const fields = new Map(Object.entries(live));
  return Object.entries(wanted).every(([k, v]) => contains(fields.get(k), v));
}
