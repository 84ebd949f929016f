import { type ConfigMap, configmaps, namespaces } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { startReconciler } from '../shared/start.ts';

const NAME = 'kube-root-ca.crt';
const KEY = 'ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
  'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes ' +
  'clusters.';

/**
 * Keeps the config map "kube-root-ca.crt" in every namespace: the certificate authority by which pods know the API
 * server, part of every pod's service account volume. Does nothing in a cluster without a certificate authority.
 * https://kubernetes.io/docs/concepts/security/service-accounts/#service-account-volumes
 */
export function startRootCaPublisher(context: ControllerContext): ControllerHandle {
  const { client, rootCA } = context;
  if (rootCA === undefined) return { stop: async () => {} };
  const spaces = context.informers.informer(namespaces);
  // Only these: the cluster's other config maps are nobody's business here.
  const maps = context.informers.informer(configmaps, { fieldSelector: `metadata.name=${NAME}` });
  const data = { [KEY]: rootCA };

  return startReconciler(context, {
    name: 'root_ca_cert_publisher',
    workers: 1,
    waitFor: [spaces, maps],
    observe: (queue) => {
      const look = ({ metadata }: ConfigMap) => {
        if (metadata.namespace) queue.add(metadata.namespace);
      };
      return [
        spaces.addHandler({
          onAdd: ({ metadata }) => queue.add(metadata.name),
          onUpdate: (_, { metadata, status }) => {
            if (status.phase === 'Active') queue.add(metadata.name);
          },
        }),
        maps.addHandler({ onUpdate: (_, map) => look(map), onDelete: look }),
      ];
    },
    async reconcile(namespace) {
      const map = maps.store.get(namespace, NAME);
      try {
        if (!map) {
          await client.resource(configmaps).create(namespace, {
            metadata: { name: NAME, annotations: { [DESCRIPTION]: description } },
            data,
          });
        } else if (!isCurrent(map, rootCA)) {
          const annotations = { ...map.metadata.annotations, [DESCRIPTION]: description };
          await client.resource(configmaps).update({ ...map, metadata: { ...map.metadata, annotations }, data });
        }
      } catch (error) {
        if (!isNotFound(error) && !isNamespaceTerminating(error)) throw error;
      }
    },
  });
}

function isCurrent(map: ConfigMap, rootCA: string): boolean {
  const { data = {}, metadata } = map;
  return Object.keys(data).length === 1 && data[KEY] === rootCA && !!metadata.annotations?.[DESCRIPTION];
}
