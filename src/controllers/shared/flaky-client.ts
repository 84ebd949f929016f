/**
 * For tests: a client whose writes fail now and then, before they reach the server or on the way back, and whose
 * watches tell late.
 */
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Client, ResourceClient, WatchHandler, WatchOptions } from '../../client/client.ts';
import type { Clock } from '../../utils/clock.ts';
import { seededRandom } from '../../utils/seeded-random.ts';

const writes = new Set<PropertyKey>([
  'create',
  'update',
  'updateStatus',
  'patch',
  'delete',
  'createSubresource',
  'updateSubresource',
]);

export interface Faults {
  /** The part of the writes that fail, half of them after they have taken effect; 0 to 1. */
  readonly failures: number;
  /** How late watches tell, in milliseconds, by resource ("pods"). */
  readonly lag: Readonly<Record<string, number>>;
}

export class FlakyClient implements Client {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #faults: () => Faults;
  readonly #random = seededRandom(1);

  constructor(client: Client, clock: Clock, faults: () => Faults) {
    this.#client = client;
    this.#clock = clock;
    this.#faults = faults;
  }

  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T> {
    return new Proxy(this.#client.resource(type), {
      get: (target, name) => {
        if (name === 'watch') {
          return (namespace: string, options: WatchOptions, handler: WatchHandler<T>) =>
            target.watch(namespace, options, this.#late(type.resource, handler));
        }
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (!writes.has(name)) return member.bind(target);
        return async (...parameters: unknown[]) => {
          const lot = this.#random();
          const { failures } = this.#faults();
          if (lot < failures / 2) throw new Error('the connection broke before the request was sent');
          const answer: unknown = await member.apply(target, parameters);
          if (lot < failures) throw new Error('the connection broke before the answer came');
          return answer;
        };
      },
    });
  }

  /** Hands on what it is told, in the same order, when its time has come. */
  #late<T>(resource: string, handler: WatchHandler<T>): WatchHandler<T> {
    let waiting = 0;
    const later = (deliver: () => void) => {
      const ms = this.#faults().lag[resource] ?? 0;
      if (ms === 0 && waiting === 0) return deliver();
      waiting++;
      this.#clock.after(ms, () => {
        waiting--;
        deliver();
      });
    };
    return {
      event: (type, object) => later(() => handler.event(type, object)),
      end: (error) => later(() => handler.end(error)),
    };
  }

  as(): Client {
    return this;
  }

  raw(path: string): Promise<unknown> {
    return this.#client.raw(path);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
