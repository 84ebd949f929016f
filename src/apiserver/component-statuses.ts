import { errors } from '../api/errors.ts';
import type { VirtualHandler } from './core-options.ts';

/** Undefined where the component is well, otherwise what is wrong with it. */
export type ComponentCheck = () => string | undefined | Promise<string | undefined>;

/**
 * ComponentStatus objects, made when they are asked for, in the order of `checks`.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/component-status-v1/
 */
export function componentStatuses(checks: Readonly<Record<string, ComponentCheck>>): VirtualHandler {
  return {
    async get(_, { name }) {
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (!check) throw errors.notFound({ group: '', resource: 'componentstatus' }, name);
      return status(name, check);
    },
    list() {
      return Promise.all(Object.entries(checks).map(([name, check]) => status(name, check)));
    },
  };
}

async function status(name: string, check: ComponentCheck): Promise<object> {
  const problem = await check();
  return {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name },
    conditions: [{ type: 'Healthy', status: problem ? 'False' : 'True', message: problem ?? 'ok' }],
  };
}
