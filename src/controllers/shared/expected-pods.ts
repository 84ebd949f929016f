import type { Pod } from '../../api/core/v1.gen.ts';
import { isNamespaceTerminating } from '../../api/errors.ts';
import type { Draft, KubeObject } from '../../api/resource.ts';
import { keyOf } from '../../client/store.ts';
import { allSettled, slowStart } from './batches.ts';
import type { Expectations } from './expectations.ts';
import type { PodControl } from './pod-control.ts';

/**
 * Creates and deletes an owner's pods and keeps what is expected to show up in step with what was done: the caller
 * has announced it all in `expectations` under `key`, and what fails is taken back here. Resolves to the first error.
 */
export class ExpectedPods {
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;

  constructor(podControl: PodControl, expectations: Expectations) {
    this.#podControl = podControl;
    this.#expectations = expectations;
  }

  async create(key: string, owner: KubeObject, count: number, podAt: (index: number) => Draft<Pod>): Promise<unknown> {
    const { started, error } = await slowStart(count, async (index) => {
      try {
        await this.#podControl.create(podAt(index), owner);
      } catch (failure) {
        this.#expectations.creationObserved(key);
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    this.#expectations.creationObserved(key, count - started);
    return error;
  }

  async delete(key: string, owner: KubeObject, pods: readonly Pod[]): Promise<unknown> {
    const remove = async (pod: Pod) => {
      try {
        const deleted = await this.#podControl.delete(pod.metadata.name, owner);
        if (!deleted) this.#expectations.deletionObserved(key, keyOf(pod));
      } catch (failure) {
        this.#expectations.deletionObserved(key, keyOf(pod));
        throw failure;
      }
    };
    try {
      await allSettled(pods.map(remove));
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
