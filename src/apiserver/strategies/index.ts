import type { Strategies } from '../resource-table.ts';
import { daemonSet } from './apps/daemon-set.ts';
import { deployment } from './apps/deployment.ts';
import { replicaSet } from './apps/replica-set.ts';
import { job } from './batch/job.ts';
import { event, newEvent } from './core/event.ts';
import { namespace } from './core/namespace.ts';
import { node } from './core/node.ts';
import { pod } from './core/pod.ts';
import { service } from './core/service.ts';

/** What each kind does beyond its shape, by resource. */
export const strategies: Strategies = {
  events: event,
  namespaces: namespace,
  nodes: node,
  pods: pod,
  services: service,
  'daemonsets.apps': daemonSet,
  'deployments.apps': deployment,
  'replicasets.apps': replicaSet,
  'jobs.batch': job,
  'events.events.k8s.io': newEvent,
};
