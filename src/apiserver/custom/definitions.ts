import {
  type CustomResourceDefinition,
  type CustomResourceDefinitionNames,
  customresourcedefinitions,
} from '../../api/apiextensions/v1.gen.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import { deepEqual } from '../../schema/equal.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { RequestContext, ServedResource, Target } from '../core.ts';
import type { Core } from '../server-core.ts';
import { loopbackUser } from '../user.ts';
import { approvalOf } from './approval.ts';
import { CLEANUP_FINALIZER, type Condition, conditionOf, isSaid, withCondition } from './conditions.ts';
import { DefinitionFeed } from './definition-feed.ts';
import { removeInstances } from './instances.ts';
import { isTrue, resourcesOf } from './kind.ts';
import { acceptNames } from './names.ts';
import { hasValidBundle } from './webhook-config.ts';

/** What is kept of each definition: of a thousand, the parsed objects would be too much. */
interface Known {
  readonly uid: string;
  readonly group: string;
  readonly names: CustomResourceDefinitionNames;
  /** What the served resources were made of. */
  readonly form: string;
  readonly resources: ReadonlyMap<string, ServedResource>;
}

const context: RequestContext = { user: loopbackUser, userAgent: 'kube-apiserver', warn: () => {} };
/** Definitions worked on at a time; names are given to one after the other. */
const WORKERS = 4;
const RETRY_MS = 100;

/**
 * Serves custom resources: follows the definitions, gives them their names, makes their resources as soon as those are
 * theirs, and takes everything away when a definition goes. It needs nothing but the API server's own core, so that a
 * server without controllers serves custom resources too.
 * https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/
 */
export class Definitions {
  readonly #core: Core;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #definition: ServedResource;
  readonly #feed: DefinitionFeed;
  readonly #known = new Map<string, Known>();
  readonly #byGroup = new Map<string, Set<string>>();
  /** Names of definitions that want work, in order. */
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #removing = new Map<string, AbortController>();
  #closed = false;

  constructor(options: { readonly core: Core; readonly clock: Clock; readonly log: Logger }) {
    const { core, clock, log } = options;
    this.#core = core;
    this.#clock = clock;
    this.#log = log;
    const { group, version, resource } = customresourcedefinitions;
    const definition = core.resources.find(group, version, resource);
    if (!definition) throw new Error('the server has no customresourcedefinitions');
    this.#definition = definition;
    this.#feed = new DefinitionFeed(core, definition, clock, {
      set: (object, revision) => this.#set(object, revision),
      delete: (name) => this.#delete(name),
    });
  }

  /** Resolves when all definitions that there are have been seen, and those that were served are served. */
  get ready(): Promise<void> {
    return this.#feed.ready;
  }

  close(): void {
    this.#closed = true;
    this.#feed.stop();
    for (const removal of this.#removing.values()) removal.abort();
  }

  /** Called in the turn of the write, before its client has the answer. */
  #set(definition: CustomResourceDefinition, revision: number): void {
    const { name, uid } = definition.metadata;
    const before = this.#known.get(name);
    if (before && before.uid !== uid) this.#delete(name);
    const { group } = definition.spec;
    const names = definition.status.acceptedNames;
    const form = formOf(definition);
    const known = this.#known.get(name);
    const resources = known?.form === form ? known.resources : this.#install(definition, known, revision);
    this.#known.set(name, { uid, group, names, form, resources });
    let ofGroup = this.#byGroup.get(group);
    if (!ofGroup) {
      ofGroup = new Set();
      this.#byGroup.set(group, ofGroup);
    }
    ofGroup.add(name);
    this.#enqueue(name);
    // A name that was given up may be what another one waits for.
    if (known && !deepEqual(known.names, names)) this.#enqueueOthers(group, name);
  }

  #install(
    definition: CustomResourceDefinition,
    known: Known | undefined,
    revision: number,
  ): ReadonlyMap<string, ServedResource> {
    const { name } = definition.metadata;
    const served = isTrue(definition, 'Established') || isTrue(definition, 'NamesAccepted');
    const made = served ? resourcesOf(definition, () => this.#read(name), revision) : new Map<string, ServedResource>();
    const { resources } = this.#core;
    for (const [version, old] of known?.resources ?? []) {
      if (!made.has(version)) resources.remove(old.group, version, old.data.resource);
    }
    for (const { name: version, served: isServed } of definition.spec.versions) {
      const resource = made.get(version);
      const there = resources.find(definition.spec.group, version, definition.status.acceptedNames.plural);
      // What is built in stays so.
      if (there && !there.custom) continue;
      if (resource && isServed) resources.add(resource);
      else if (there) resources.remove(there.group, version, there.data.resource);
    }
    const [old] = known?.resources.values() ?? [];
    // Who watches under the old form watches again under the new one.
    if (old) this.#core.forget(old);
    return made;
  }

  #delete(name: string): void {
    const known = this.#known.get(name);
    if (!known) return;
    this.#known.delete(name);
    this.#removing.get(name)?.abort();
    this.#removing.delete(name);
    const ofGroup = this.#byGroup.get(known.group);
    ofGroup?.delete(name);
    if (ofGroup?.size === 0) this.#byGroup.delete(known.group);
    for (const [version, { group, data }] of known.resources) {
      const there = this.#core.resources.find(group, version, data.resource);
      if (there?.custom?.uid === known.uid) this.#core.resources.remove(group, version, data.resource);
    }
    const [old] = known.resources.values();
    if (old) this.#core.forget(old);
    this.#enqueueOthers(known.group, name);
  }

  #read(name: string): CustomResourceDefinition | undefined {
    const { group, version, data } = this.#definition;
    // What this cache holds was decoded as definitions.
    return this.#core.objects.get(group, version, data.resource, '', name) as CustomResourceDefinition | undefined;
  }

  #enqueueOthers(group: string, name: string): void {
    for (const other of this.#byGroup.get(group) ?? []) if (other !== name) this.#enqueue(other);
  }

  #enqueue(name: string): void {
    this.#waiting.add(name);
    this.#next();
  }

  #next(): void {
    for (const name of this.#waiting) {
      if (this.#closed || this.#working.size >= WORKERS) return;
      if (this.#working.has(name)) continue;
      this.#waiting.delete(name);
      this.#working.add(name);
      void this.#work(name);
    }
  }

  async #work(name: string): Promise<void> {
    try {
      await this.#reconcile(name);
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error) && !this.#closed) {
        this.#log.error(
          { err: error, definition: name },
          'a custom resource definition could not be brought up to date',
        );
        this.#clock.after(RETRY_MS, () => this.#enqueue(name));
      }
    } finally {
      this.#working.delete(name);
      this.#next();
    }
  }

  async #reconcile(name: string): Promise<void> {
    const definition = this.#read(name);
    if (!definition) return;
    const { metadata } = definition;
    if (metadata.deletionTimestamp) {
      if (metadata.finalizers?.includes(CLEANUP_FINALIZER)) this.#finalize(definition);
      return;
    }
    const status = this.#nextStatus(definition);
    if (status !== definition.status) await this.#write({ ...definition, status });
  }

  /** Conditions and names as they should be; the same status where they are. */
  #nextStatus(definition: CustomResourceDefinition): CustomResourceDefinition['status'] {
    const { metadata, spec } = definition;
    const now = this.#clock.now();
    let { status } = definition;
    const say = (condition: Condition) => {
      if (isSaid(status.conditions, condition)) return;
      status = { ...status, conditions: withCondition(status.conditions, condition, now) };
    };
    if (!deepEqual(spec.names, status.acceptedNames)) {
      const others = [...(this.#byGroup.get(spec.group) ?? [])]
        .filter((other) => other !== metadata.name)
        .map((other) => this.#known.get(other)?.names)
        .filter((names) => names !== undefined);
      const { names, condition } = acceptNames(definition, [...others, status.acceptedNames]);
      if (!deepEqual(names, status.acceptedNames)) status = { ...status, acceptedNames: names };
      say(condition);
      this.#claim(metadata.name, names);
    }
    const established = conditionOf(definition, 'Established');
    const accepted = status.conditions?.some(({ type, status: is }) => type === 'NamesAccepted' && is === 'True');
    if (established?.status !== 'True') {
      if (!accepted) {
        const message = 'not all names are accepted';
        if (!established) say({ type: 'Established', status: 'False', reason: 'NotAccepted', message });
      } else if (!hasValidBundle(spec.conversion?.webhook?.clientConfig)) {
        const message = 'The conversion webhook CABundle is invalid';
        say({ type: 'Established', status: 'False', reason: 'InvalidCABundle', message });
      } else {
        const message = 'the initial names have been accepted';
        say({ type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message });
      }
    }
    const approval = approvalOf(definition);
    if (approval) say(approval);
    return status;
  }

  /** Others must not be given the names while they are being written. */
  #claim(name: string, names: CustomResourceDefinitionNames): void {
    const known = this.#known.get(name);
    if (known) this.#known.set(name, { ...known, names });
  }

  async #write(definition: CustomResourceDefinition): Promise<CustomResourceDefinition> {
    const target: Target = {
      resource: this.#definition,
      namespace: '',
      name: definition.metadata.name,
      subresource: 'status',
    };
    const { stored } = await this.#core.update(context, target, { object: definition }, {});
    return stored.object as CustomResourceDefinition; // of the same kind
  }

  /** Empties the resource, then lets the definition go. Runs beside other work: it may wait for others' finalizers. */
  #finalize(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    if (this.#removing.has(name)) return;
    const removal = new AbortController();
    this.#removing.set(name, removal);
    this.#remove(definition, removal.signal)
      .catch((error: unknown) => {
        if (removal.signal.aborted || this.#closed || isNotFound(error)) return;
        if (!isConflict(error))
          this.#log.error({ err: error, definition: name }, 'custom resources could not be removed');
        this.#clock.after(RETRY_MS, () => this.#enqueue(name));
      })
      .finally(() => {
        if (this.#removing.get(name) === removal) this.#removing.delete(name);
      });
  }

  async #remove(definition: CustomResourceDefinition, signal: AbortSignal): Promise<void> {
    const terminating = (status: string, reason: string, message: string) => ({
      type: 'Terminating',
      status,
      reason,
      message,
    });
    const said = async (
      from: CustomResourceDefinition,
      condition: Condition,
      finalizers = from.metadata.finalizers,
    ) => {
      const conditions = withCondition(from.status.conditions, condition, this.#clock.now());
      return this.#write({
        ...from,
        metadata: { ...from.metadata, finalizers },
        status: { ...from.status, conditions },
      });
    };
    const begun = terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
    const current = isSaid(definition.status.conditions, begun) ? definition : await said(definition, begun);
    const known = this.#known.get(definition.metadata.name);
    let done = terminating('False', 'NeverEstablished', 'resource was never established');
    if (isTrue(definition, 'Established')) {
      const [resource] = known?.resources.values() ?? [];
      if (resource?.custom) await removeInstances(this.#core, resource.custom.storage(), context, signal);
      done = terminating('False', 'InstanceDeletionCompleted', 'removed all instances');
    }
    if (signal.aborted) return;
    const latest = this.#read(definition.metadata.name) ?? current;
    const finalizers = (latest.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
    await said(latest, done, finalizers);
  }
}

/** What must be equal for the resources to stay as they are. */
const formOf = (definition: CustomResourceDefinition): string =>
  JSON.stringify([
    definition.metadata.generation,
    definition.status.acceptedNames,
    isTrue(definition, 'Established') || isTrue(definition, 'NamesAccepted'),
    isTrue(definition, 'Terminating'),
  ]);
