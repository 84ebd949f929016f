import { type Pod, type PodTemplateSpec, pods } from '../../api/core/v1.gen.ts';
import { isNamespaceTerminating, isNotFound } from '../../api/errors.ts';
import type { Draft, KubeObject } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { newControllerRef } from './controller-ref.ts';

/** Names have room for 253 characters; the server adds five to a prefix. */
const LONGEST_PREFIX = 248;

/** A pod as its template wants it, named after and controlled by `owner`. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata;
  const prefix = `${owner.metadata.name}-`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: prefix.length > LONGEST_PREFIX ? prefix.slice(0, LONGEST_PREFIX) : prefix,
      namespace: owner.metadata.namespace,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [newControllerRef(owner)],
    },
    spec: template.spec,
  };
}

/** Creates and deletes pods in the name of an object, and tells about it in events on that object. */
export class PodControl {
  readonly #client: Client;
  readonly #recorder: EventRecorder;

  constructor(client: Client, recorder: EventRecorder) {
    this.#client = client;
    this.#recorder = recorder;
  }

  async create(pod: Draft<Pod>, owner: KubeObject): Promise<Pod> {
    try {
      const created = await this.#client.resource(pods).create(owner.metadata.namespace ?? '', pod);
      this.#recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error)) {
        this.#recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** Resolves to false when the pod was gone already. */
  async delete(name: string, owner: KubeObject): Promise<boolean> {
    try {
      await this.#client.resource(pods).delete(owner.metadata.namespace ?? '', name);
    } catch (error) {
      if (isNotFound(error)) return false;
      this.#recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
    this.#recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    return true;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
