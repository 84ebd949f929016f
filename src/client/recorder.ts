import { type Event, events, type ObjectReference } from '../api/core/v1.gen.ts';
import { ApiError, isNamespaceTerminating, isNotFound } from '../api/errors.ts';
import type { Draft, KubeObject } from '../api/resource.ts';
import { formatTime } from '../schema/time.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { Client } from './client.ts';
import { type Correlated, EventCorrelator } from './event-correlator.ts';

/** Tells people what happens to an object, as Events beside it. */
export interface EventRecorder {
  /**
   * Never blocks and never fails: what cannot be written is logged and dropped. `reason` is one UpperCamelCase word.
   * Pass an ObjectReference to say which part of an object is meant (fieldPath).
   */
  event(object: KubeObject | ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** The same, speaking as another component. */
  as(component: string): EventRecorder;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** Source of the events: "deployment-controller", "kubelet". */
  readonly component: string;
  /** Node name, for components that run on nodes. */
  readonly host?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

const QUEUE_LENGTH = 1000;
const TRIES = 12;
const RETRY_MS = 10_000;

/** An EventRecorder with the queue behind it; `stop` writes what is queued unless the server cannot be reached. */
export interface EventBroadcaster extends EventRecorder {
  stop(): Promise<void>;
}

export function createEventRecorder(options: EventRecorderOptions): EventBroadcaster {
  const { clock, log, random = Math.random } = options;
  const resource = options.client.resource(events);
  const correlator = new EventCorrelator(clock);
  const queue: Draft<Event>[] = [];
  const abort = new AbortController();
  let writing: Promise<void> | undefined;
  /** Since the queue was last empty. */
  let dropped = 0;
  // Names are "object.<hex nanoseconds>"; the clock has milliseconds, the rest is a counter with a random start.
  let serial = Math.floor(random() * 1_000_000);

  const recorder = (component: string): EventRecorder => ({
    as: recorder,
    event(object, type, reason, message) {
      if (abort.signal.aborted) return;
      if (queue.length >= QUEUE_LENGTH) {
        // Told once for each flood: a line for every event would cost more than the event.
        if (dropped++ === 0)
          log.error({ about: referenceTo(object), reason, message }, 'too many queued events, event dropped');
        return;
      }
      const about = referenceTo(object);
      const now = clock.now();
      serial = (serial + 1) % 1_000_000;
      const nanoseconds = BigInt(now) * 1_000_000n + BigInt(serial);
      const time = formatTime(now);
      queue.push({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${about.name}.${nanoseconds.toString(16)}`, namespace: about.namespace || 'default' },
        involvedObject: about,
        reason,
        message,
        source: { component, ...(options.host && { host: options.host }) },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
        type,
        reportingComponent: component,
        reportingInstance: options.host ?? '',
      });
      writing ??= drain().finally(() => {
        writing = undefined;
      });
    },
  });

  async function drain(): Promise<void> {
    for (let event = queue.shift(); event; event = queue.shift()) {
      const correlated = correlator.correlate(event);
      if (correlated) await write(correlated);
    }
    if (dropped > 1) log.error({ dropped }, 'events were dropped, since too many were queued');
    dropped = 0;
  }

  async function write(correlated: Correlated): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await writeOnce(correlated);
        return;
      } catch (error) {
        if (error instanceof ApiError) {
          // Nothing to wonder at where the namespace goes, as client-go sees it too.
          log[isNamespaceTerminating(error) ? 'debug' : 'warn'](
            { err: error, reason: correlated.event.reason },
            'server rejected event',
          );
          return;
        }
        if (attempt >= TRIES || abort.signal.aborted) {
          log.error({ err: error, reason: correlated.event.reason }, 'unable to write event');
          return;
        }
        await clock.sleep(attempt === 1 ? RETRY_MS * random() : RETRY_MS, abort.signal);
      }
    }
  }

  async function writeOnce({ event, known, key }: Correlated): Promise<void> {
    const namespace = event.metadata?.namespace ?? 'default';
    const name = event.metadata?.name ?? '';
    if (known) {
      try {
        const { count, lastTimestamp, message } = event;
        await resource.patch(namespace, name, { type: 'strategic', body: { count, lastTimestamp, message } });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        correlator.forget(key);
      }
    }
    await resource.create(namespace, event);
  }

  return {
    ...recorder(options.component),
    async stop() {
      abort.abort();
      await writing;
    },
  };
}

/** How others point at an object. */
export function referenceTo(object: KubeObject | ObjectReference): ObjectReference {
  if (!('metadata' in object)) return object;
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind,
    ...(namespace && { namespace }),
    name,
    uid,
    apiVersion: object.apiVersion,
    ...(resourceVersion && { resourceVersion }),
  };
}
