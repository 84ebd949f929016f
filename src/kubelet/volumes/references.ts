import type { Pod, Volume } from '../../api/core/v1.gen.ts';
import { allContainers } from '../pods/pod.ts';
import type { ObjectReference } from './object-cache.ts';

/** The volumes that some container mounts (or is given as a device): no others are set up. */
export function usedVolumes(pod: Pod): Volume[] {
  const names = new Set<string>();
  for (const container of allContainers(pod)) {
    for (const mount of container.volumeMounts ?? []) names.add(mount.name);
    for (const device of container.volumeDevices ?? []) names.add(device.name);
  }
  return (pod.spec.volumes ?? []).filter((volume) => names.has(volume.name));
}

/** The config maps and secrets in those volumes. */
export function referencedObjects(pod: Pod, volumes: readonly Volume[]): ObjectReference[] {
  const namespace = pod.metadata.namespace ?? '';
  const found: ObjectReference[] = [];
  const add = (kind: ObjectReference['kind'], name: string | undefined) => {
    if (name) found.push({ kind, namespace, name });
  };
  for (const volume of volumes) {
    add('configmap', volume.configMap?.name);
    add('secret', volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add('configmap', source.configMap?.name);
      add('secret', source.secret?.name);
    }
  }
  return found;
}

/** The volume's files follow something that changes. */
export const isLive = (volume: Volume): boolean =>
  !!(volume.configMap ?? volume.secret ?? volume.projected ?? volume.downwardAPI);
