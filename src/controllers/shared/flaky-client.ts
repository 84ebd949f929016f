/** For tests: a client whose writes fail now and then, before they reach the server or on the way back. */
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Client, ResourceClient } from '../../client/client.ts';

const writes = new Set<PropertyKey>([
  'create',
  'update',
  'updateStatus',
  'patch',
  'delete',
  'createSubresource',
  'updateSubresource',
]);

/** Numbers in [0, 1) that are the same in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export class FlakyClient implements Client {
  readonly #client: Client;
  readonly #rate: () => number;
  readonly #random = sequence(1);

  constructor(client: Client, rate: () => number) {
    this.#client = client;
    this.#rate = rate;
  }

  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T> {
    return new Proxy(this.#client.resource(type), {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (!writes.has(name)) return member.bind(target);
        return async (...parameters: unknown[]) => {
          const lot = this.#random();
          if (lot < this.#rate() / 2) throw new Error('the connection broke before the request was sent');
          const answer: unknown = await member.apply(target, parameters);
          if (lot < this.#rate()) throw new Error('the connection broke before the answer came');
          return answer;
        };
      },
    });
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
