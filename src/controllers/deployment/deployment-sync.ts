import {
  type Deployment,
  type DeploymentStatus,
  deployments,
  type ReplicaSet,
  replicasets,
} from '../../api/apps/v1.gen.ts';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../api/errors.ts';
import type { Draft } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { deepEqual } from '../../schema/equal.ts';
import { quote } from '../../schema/quote.ts';
import type { Clock } from '../../utils/clock.ts';
import { controllerOf, newControllerRef } from '../shared/controller-ref.ts';
import { templateHash } from '../shared/hash.ts';
import { messageOf } from '../shared/pod-control.ts';
import {
  annotationsFor,
  expendable,
  type Generations,
  HASH_LABEL,
  nextRevision,
  REVISION,
  sameTemplate,
  sortGenerations,
} from './revisions.ts';
import {
  allOf,
  currentSize,
  isActive,
  isScalingEvent,
  replicasOf,
  type Scaling,
  scaleCurrent,
  scaleOld,
  scaleProportionally,
  sizeAnnotations,
} from './scaling.ts';
import {
  calculateStatus,
  conditionOf,
  hasDeadline,
  isComplete,
  type NewCondition,
  rolloutStatus,
  untilDeadline,
  withCondition,
} from './status.ts';

export interface SyncDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  hasRunningPods(sets: readonly ReplicaSet[]): boolean;
}

/**
 * One pass over one Deployment: decide (scaling.ts, status.ts), then write. The fields hold what the objects are
 * after the writes so far.
 */
export class DeploymentSync {
  readonly #dependencies: SyncDependencies;
  #deployment: Deployment;
  #generations: Generations;

  constructor(dependencies: SyncDependencies, deployment: Deployment, sets: readonly ReplicaSet[]) {
    this.#dependencies = dependencies;
    this.#deployment = deployment;
    this.#generations = sortGenerations(deployment, sets);
  }

  async run(): Promise<void> {
    if (this.#deployment.metadata.deletionTimestamp) {
      await this.#writeStatus(this.#calculated());
      return;
    }
    await this.#tellPause();
    if (this.#deployment.spec.paused || isScalingEvent(this.#deployment, this.#generations)) {
      await this.#resize();
    } else if (this.#deployment.spec.strategy.type === 'Recreate') {
      await this.#recreate();
    } else {
      await this.#roll();
    }
  }

  /** Milliseconds after which the Deployment is to be looked at again though nothing happened. */
  again(): number | undefined {
    if (this.#deployment.spec.paused) return undefined;
    return untilDeadline(this.#deployment, this.#deployment.status, this.#now());
  }

  #now(): number {
    return this.#dependencies.clock.now();
  }

  #calculated(): DeploymentStatus {
    return calculateStatus(this.#deployment, this.#generations, this.#now());
  }

  /** Time spent in a pause must not count against the deadline. */
  async #tellPause(): Promise<void> {
    if (!hasDeadline(this.#deployment)) return;
    const known = conditionOf(this.#deployment.status, 'Progressing');
    if (known?.reason === 'ProgressDeadlineExceeded') return;
    const told = known?.reason === 'DeploymentPaused';
    const paused = this.#deployment.spec.paused === true;
    if (paused === told) return;
    await this.#writeCondition(
      paused
        ? { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
        : { type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' },
    );
  }

  async #resize(): Promise<void> {
    await this.#syncCurrent();
    for (const step of scaleProportionally(this.#deployment, this.#generations)) await this.#scale(step);
    if (this.#deployment.spec.paused) await this.#cleanUp();
    await this.#writeStatus(this.#calculated());
  }

  async #roll(): Promise<void> {
    await this.#syncCurrent();
    if (!this.#generations.current) await this.#createCurrent();
    const up = scaleCurrent(this.#deployment, this.#generations);
    if (up) {
      await this.#scale(up);
    } else {
      const down = scaleOld(this.#deployment, this.#generations);
      for (const step of down) await this.#scale(step);
      if (down.length === 0 && isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    }
    await this.#writeRolloutStatus();
  }

  async #recreate(): Promise<void> {
    await this.#syncCurrent();
    const active = this.#generations.old.filter(isActive);
    for (const set of active) await this.#scale({ set, replicas: 0 });
    if (active.length === 0 && !this.#dependencies.hasRunningPods(this.#generations.old)) {
      if (!this.#generations.current) await this.#createCurrent();
      const up = scaleCurrent(this.#deployment, this.#generations);
      if (up) await this.#scale(up);
      if (isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    }
    await this.#writeRolloutStatus();
  }

  /** Brings the annotations of the current ReplicaSet up to date, and the Deployment's revision with it. */
  async #syncCurrent(): Promise<void> {
    const { current, old } = this.#generations;
    if (!current) return;
    const { minReadySeconds = 0 } = this.#deployment.spec;
    const before = current.metadata.annotations ?? {};
    const annotations = annotationsFor(this.#deployment, before, nextRevision(old));
    if (!deepEqual(annotations, before) || (current.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      await this.#updateSet(current, {
        ...current,
        metadata: { ...current.metadata, annotations },
        spec: { ...current.spec, minReadySeconds },
      });
      return;
    }
    const { name } = current.metadata;
    await this.#tellRevision(annotations[REVISION] ?? '', {
      type: 'Progressing',
      status: 'True',
      reason: 'FoundNewReplicaSet',
      message: `Found new replica set ${quote(name)}`,
    });
  }

  async #createCurrent(): Promise<void> {
    const { client, recorder } = this.#dependencies;
    const deployment = this.#deployment;
    const set = this.#newSet();
    const name = set.metadata?.name ?? '';
    let created: ReplicaSet;
    let fresh = true;
    try {
      created = await client.resource(replicasets).create(deployment.metadata.namespace ?? '', set);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      if (!isAlreadyExists(error)) {
        const message = `Failed to create new replica set ${quote(name)}: ${messageOf(error)}`;
        const reason = 'ReplicaSetCreateError';
        await this.#writeCondition({ type: 'Progressing', status: 'False', reason, message });
        recorder.event(deployment, 'Warning', 'FailedRSCreateReason', message);
        throw error;
      }
      const taken = await client.resource(replicasets).get(deployment.metadata.namespace ?? '', name);
      const mine = controllerOf(taken)?.uid === deployment.metadata.uid;
      if (!mine || !sameTemplate(taken.spec.template, deployment.spec.template)) {
        // Another template has this hash: the next pass tries with another one.
        const collisionCount = (deployment.status.collisionCount ?? 0) + 1;
        await this.#writeStatus({ ...deployment.status, collisionCount });
        throw error;
      }
      created = taken;
      fresh = false;
    }
    this.#generations = { ...this.#generations, current: created };
    const replicas = replicasOf(created);
    if (fresh && replicas > 0) {
      recorder.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${replicas}`);
    }
    const message = `Created new replica set ${quote(name)}`;
    await this.#tellRevision(
      created.metadata.annotations?.[REVISION] ?? '',
      fresh ? { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message } : undefined,
      true,
    );
  }

  #newSet(): Draft<ReplicaSet> {
    const deployment = this.#deployment;
    const { template, selector, minReadySeconds } = deployment.spec;
    const hash = templateHash(template, deployment.status.collisionCount);
    const labels = { ...template.metadata.labels, [HASH_LABEL]: hash };
    const annotations = annotationsFor(deployment, {}, nextRevision(this.#generations.old));
    return {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace,
        labels,
        annotations: { ...annotations, ...sizeAnnotations(deployment) },
        ownerReferences: [newControllerRef(deployment)],
      },
      spec: {
        replicas: currentSize(deployment, this.#generations.old, 0),
        ...(minReadySeconds && { minReadySeconds }),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
  }

  async #scale({ set, replicas }: Scaling): Promise<void> {
    const latest = allOf(this.#generations).find((other) => other.metadata.uid === set.metadata.uid) ?? set;
    const before = replicasOf(latest);
    const annotations = { ...latest.metadata.annotations, ...sizeAnnotations(this.#deployment) };
    if (before === replicas && deepEqual(annotations, latest.metadata.annotations)) return;
    await this.#updateSet(latest, {
      ...latest,
      metadata: { ...latest.metadata, annotations },
      spec: { ...latest.spec, replicas },
    });
    if (before === replicas) return;
    const direction = before < replicas ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`;
    this.#dependencies.recorder.event(this.#deployment, 'Normal', 'ScalingReplicaSet', message);
  }

  async #updateSet(before: ReplicaSet, set: ReplicaSet): Promise<void> {
    const updated = await this.#dependencies.client.resource(replicasets).update(set);
    const { current, old } = this.#generations;
    this.#generations = {
      current: current === before ? updated : current,
      old: old.map((other) => (other === before ? updated : other)),
    };
  }

  async #cleanUp(): Promise<void> {
    for (const set of expendable(this.#deployment, this.#generations.old)) {
      const { name, uid, namespace = '' } = set.metadata;
      try {
        const options = { preconditions: { uid }, propagationPolicy: 'Background' } as const;
        await this.#dependencies.client.resource(replicasets).delete(namespace, name, options);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  /** The condition is only told where none is there yet, unless `always`. */
  async #tellRevision(revision: string, condition: NewCondition | undefined, always = false): Promise<void> {
    const { metadata, status } = this.#deployment;
    const tell = condition && hasDeadline(this.#deployment) && (always || !conditionOf(status, 'Progressing'));
    const next = tell ? withCondition(status, condition, this.#now()) : status;
    if (metadata.annotations?.[REVISION] === revision && next === status) return;
    const annotations = { ...metadata.annotations, [REVISION]: revision };
    // A status write may change annotations, so that one write does for both, as in Kubernetes.
    await this.#update({ ...this.#deployment, metadata: { ...metadata, annotations }, status: next });
  }

  #writeCondition(condition: NewCondition): Promise<void> {
    return this.#writeStatus(withCondition(this.#deployment.status, condition, this.#now()));
  }

  #writeRolloutStatus(): Promise<void> {
    return this.#writeStatus(rolloutStatus(this.#deployment, this.#generations, this.#now()));
  }

  async #writeStatus(status: DeploymentStatus): Promise<void> {
    if (sameStatus(this.#deployment.status, status)) return;
    await this.#update({ ...this.#deployment, status });
  }

  async #update(deployment: Deployment): Promise<void> {
    this.#deployment = await this.#dependencies.client.resource(deployments).updateStatus(deployment);
  }
}

/** Counts of zero may be absent on the wire. */
function sameStatus(a: DeploymentStatus, b: DeploymentStatus): boolean {
  const counts = (status: DeploymentStatus) => [
    status.observedGeneration ?? 0,
    status.replicas ?? 0,
    status.updatedReplicas ?? 0,
    status.readyReplicas ?? 0,
    status.availableReplicas ?? 0,
    status.unavailableReplicas ?? 0,
    status.terminatingReplicas,
    status.collisionCount ?? 0,
    status.conditions ?? [],
  ];
  return deepEqual(counts(a), counts(b));
}
