import type { Pod } from '../../api/core/v1.gen.ts';
import type { Informer } from '../../client/informer.ts';

const INDEX = 'node';

/** Lets `podsOn` find the pods of a node. */
export function indexByNode(pods: Informer<Pod>): Informer<Pod> {
  return pods.addIndex(INDEX, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
}

/** The informer must have gone through `indexByNode`. */
export function podsOn(pods: Informer<Pod>, node: string): Pod[] {
  return pods.store.byIndex(INDEX, node);
}
