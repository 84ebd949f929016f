import type { KubeObject } from '../../api/resource.ts';
import type { Strategy } from '../strategy.ts';

/** Lets a strategy be written for its kind: the registry calls it with objects of that kind and no others. */
export function define<T extends KubeObject>(strategy: Strategy<T>): Strategy {
  // T only names what the resource's schema has made sure of.
  return strategy as unknown as Strategy;
}
