import { namespaces, serviceaccounts } from '../../api/core/v1.gen.ts';
import { isNamespaceTerminating, isReason } from '../../api/errors.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

const NAME = 'default';

/**
 * Gives every namespace the service account "default", without which no pod can be created there.
 * https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts
 */
export function startServiceAccountController(context: ControllerContext): ControllerHandle {
  const { client } = context;
  const spaces = context.informers.informer(namespaces);
  const accounts = context.informers.informer(serviceaccounts);

  return startReconciler(context, {
    name: 'serviceaccount',
    workers: 1,
    waitFor: [spaces, accounts],
    observe: (queue) => [
      spaces.addHandler({
        onAdd: ({ metadata }) => queue.add(metadata.name),
        onUpdate: (_, { metadata }) => queue.add(metadata.name),
      }),
      accounts.addHandler({
        onDelete: ({ metadata }) => {
          if (metadata.name === NAME && metadata.namespace) queue.add(metadata.namespace);
        },
      }),
    ],
    async reconcile(name) {
      const namespace = spaces.store.get('', name);
      if (namespace?.status.phase !== 'Active' || accounts.store.get(name, NAME)) return;
      try {
        await client.resource(serviceaccounts).create(name, { metadata: { name: NAME } });
      } catch (error) {
        if (!isReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
      }
    },
  });
}
