/** What the benchmark makes. Names come from generateName, since h2load sends the same body every time. */
export const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { generateName: 'bench-' },
  data: { config: 'x'.repeat(256) },
};

const container = (name: string) => ({
  name,
  image: 'registry.example.com/team/application:v1.2.3',
  ports: [{ name: 'http', containerPort: 8080 }],
  env: Array.from({ length: 10 }, (_, i) => ({ name: `SETTING_${i}`, value: `value of setting ${i} `.repeat(3) })),
  resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { memory: '200Mi' } },
  readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
});

/** About 7.6 kB as the server stores it, a third of that managedFields: 38 MB for 5,000, as in the table. Nobody schedules it. */
export const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    generateName: 'bench-',
    labels: { app: 'bench', tier: 'backend' },
    annotations: { 'example.com/notes': 'n'.repeat(460) },
  },
  spec: { schedulerName: 'nobody', containers: [container('application'), container('sidecar')] },
};

interface Variable {
  readonly metadata: { readonly generateName: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly containers: readonly ReturnType<typeof container>[] };
}

/** One of as many as are wanted, of the same size: what is owned differs too, since variables are known by name. */
export function variantOf({ metadata, data, spec, ...rest }: Variable, i: number): object {
  const containers = spec?.containers.map(({ env, ...others }) => ({
    ...others,
    env: env.map(({ name, value }) => ({ name: `V${i}_${name}`, value: `${i} ${value}` })),
  }));
  return {
    ...rest,
    metadata: { ...metadata, labels: { ...metadata.labels, variant: `v${i}` } },
    ...(data && { data: { ...data, variant: `v${i}` } }),
    ...(spec && { spec: { ...spec, containers } }),
  };
}

/** What a scheduler benchmark schedules: small, and indifferent to taints, since no kubelet renews the nodes' leases. */
export const smallPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'small-', labels: { app: 'small' } },
  spec: {
    containers: [
      {
        name: 'pause',
        image: 'registry.k8s.io/pause:3.10',
        resources: { requests: { cpu: '100m', memory: '100Mi' } },
      },
    ],
    tolerations: [{ operator: 'Exists' }],
  },
};

export function node(i: number): object {
  const resources = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${i}`,
      labels: {
        'kubernetes.io/hostname': `node-${i}`,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': `zone-${i % 3}`,
      },
    },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [{ ...condition, lastHeartbeatTime: now, lastTransitionTime: now }],
    },
  };
}
