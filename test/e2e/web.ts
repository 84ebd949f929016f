import { busyboxImageName } from './busybox-image.ts';
import type { SkiffCluster } from './skiff-cluster.ts';

const labels = { app: 'web' };

/** Three web servers that answer with their pods' names, and a Service before them. `pod`: more of the pods' spec. */
export const web = (pod: object = {}): readonly object[] => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...pod,
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'web',
              image: busyboxImageName,
              command: ['sh', '-c', 'mkdir -p /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www'],
              ports: [{ name: 'http', containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
  },
];

/** Applies `web`, waits until it is there, and answers with the URL of the Service. */
export async function startWeb(cluster: SkiffCluster, pod?: object): Promise<string> {
  await cluster.kubectl(
    ['apply', '-f', '-'],
    web(pod)
      .map((object) => JSON.stringify(object))
      .join('\n'),
  );
  await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
  return `http://${await cluster.kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'])}/`;
}

/** Of every container of `web`: its pod, its id, how often it was restarted, since when it runs. */
export async function webContainers(cluster: SkiffCluster): Promise<string[]> {
  const format =
    '{range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.running.startedAt}{"\\n"}{end}';
  const lines = await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', `jsonpath=${format}`]);
  return lines.trim().split('\n').sort();
}

/** Runs a pod to its end: API server, scheduler, node and runtime all have to do their part. */
export async function runOnePod(cluster: SkiffCluster, name: string, pod: object = {}): Promise<void> {
  const spec = {
    ...pod,
    restartPolicy: 'Never',
    containers: [{ name: 'c', image: busyboxImageName, command: ['true'] }],
  };
  await cluster.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec });
  await cluster.kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', `pod/${name}`, '--timeout=30s']);
  await cluster.kubectl(['delete', 'pod', name, '--now']);
}
