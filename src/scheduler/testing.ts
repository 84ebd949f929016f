import type { Node, Pod } from '../api/core/v1.gen.ts';
import { model } from '../api/model.ts';
import type { Draft } from '../api/resource.ts';
import { decodeKind } from '../schema/decode.ts';

let serial = 0;

/** A pod as the API server would show it, for tests without one. */
export function makePod(options: {
  readonly name?: string;
  readonly priority?: number;
  readonly cpu?: string;
  readonly memory?: string;
  readonly hostPort?: number;
  readonly nodeName?: string;
  readonly spec?: Draft<Pod['spec']>;
  readonly labels?: Record<string, string>;
}): Pod {
  const name = options.name ?? `pod-${++serial}`;
  const requests = { ...(options.cpu && { cpu: options.cpu }), ...(options.memory && { memory: options.memory }) };
  return decoded<Pod>('Pod', {
    metadata: { ...metadata(name), namespace: 'default', labels: options.labels },
    spec: {
      priority: options.priority,
      nodeName: options.nodeName,
      containers: [
        {
          name: 'c',
          image: 'i',
          resources: { requests },
          ports: options.hostPort ? [{ containerPort: options.hostPort, hostPort: options.hostPort }] : undefined,
        },
      ],
      ...options.spec,
    },
    status: { phase: 'Pending' },
  });
}

export function makeNode(options: {
  readonly name?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
  readonly taints?: Node['spec']['taints'];
  readonly unschedulable?: boolean;
}): Node {
  const name = options.name ?? `node-${++serial}`;
  const allocatable = { cpu: options.cpu ?? '4', memory: options.memory ?? '8Gi', pods: options.pods ?? '110' };
  return decoded<Node>('Node', {
    metadata: { ...metadata(name), labels: { 'kubernetes.io/hostname': name, ...options.labels } },
    spec: { taints: options.taints, unschedulable: options.unschedulable },
    status: { allocatable, capacity: allocatable },
  });
}

const metadata = (name: string) => ({ name, uid: `uid-${name}-${++serial}`, resourceVersion: '1' });

function decoded<T extends Pod | Node>(kind: string, value: object): T {
  const schema = model.kind('', 'v1', kind);
  if (!schema) throw new Error(`the model has no ${kind}`);
  // Decoding by the kind's schema makes it of that kind.
  return decodeKind(schema, { apiVersion: 'v1', kind }, value, { defaults: true }).object as unknown as T;
}
