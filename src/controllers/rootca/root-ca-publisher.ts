import { type ConfigMap, configmaps, namespaces } from '../../api/core/v1.gen.ts';
import { isNamespaceTerminating, isNotFound } from '../../api/errors.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

/** A config map with one certificate authority in it. */
interface Bundle {
  readonly controller: string;
  readonly name: string;
  readonly key: string;
}

const rootBundle: Bundle = { controller: 'root_ca_cert_publisher', name: 'kube-root-ca.crt', key: 'ca.crt' };
const serviceBundle: Bundle = {
  controller: 'service_ca_cert_publisher',
  name: 'openshift-service-ca.crt',
  key: 'service-ca.crt',
};
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
  return publish(context, rootBundle);
}

/**
 * The same for "openshift-service-ca.crt", which the v1.36 that Skiff is measured against puts into every service
 * account volume too (docs/design.md); pods would not start without it.
 */
export function startServiceCaPublisher(context: ControllerContext): ControllerHandle {
  return publish(context, serviceBundle);
}

function publish(context: ControllerContext, bundle: Bundle): ControllerHandle {
  const { client, rootCA } = context;
  const { name, key } = bundle;
  if (rootCA === undefined) return { stop: async () => {} };
  const spaces = context.informers.informer(namespaces);
  // Only these: the cluster's other config maps are nobody's business here.
  const maps = context.informers.informer(configmaps, { fieldSelector: `metadata.name=${name}` });
  return startReconciler(context, {
    name: bundle.controller,
    workers: 1,
    waitFor: [spaces, maps],
    observe: (queue) => {
      const look = ({ metadata }: ConfigMap) => {
        if (metadata.namespace) queue.add(metadata.namespace);
      };
      rootCA.onChange?.(() => {
        for (const { metadata } of spaces.store.list()) queue.add(metadata.name);
      });
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
      const map = maps.store.get(namespace, name);
      const authority = rootCA.current();
      const data = { [key]: authority };
      try {
        if (!map) {
          await client.resource(configmaps).create(namespace, {
            metadata: { name, annotations: { [DESCRIPTION]: description } },
            data,
          });
        } else if (!isCurrent(map, key, authority)) {
          const annotations = { ...map.metadata.annotations, [DESCRIPTION]: description };
          await client.resource(configmaps).update({ ...map, metadata: { ...map.metadata, annotations }, data });
        }
      } catch (error) {
        if (!isNotFound(error) && !isNamespaceTerminating(error)) throw error;
      }
    },
  });
}

function isCurrent(map: ConfigMap, key: string, rootCA: string): boolean {
  const { data = {}, metadata } = map;
  return Object.keys(data).length === 1 && data[key] === rootCA && !!metadata.annotations?.[DESCRIPTION];
}
