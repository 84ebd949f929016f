import { secrets } from '../../api/core/v1.gen.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import { bootstrapTokenNamespace, bootstrapTokenSelector, timeLeft } from '../shared/bootstrap-tokens.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

/**
 * Deletes bootstrap tokens when their time is over.
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format
 */
export function startTokenCleanerController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const tokens = context.informers.informer(secrets, bootstrapTokenSelector);

  return startReconciler(context, {
    name: 'token-cleaner-controller',
    workers: 1,
    waitFor: [tokens],
    observe: (queue) => [
      tokens.addHandler({
        onAdd: ({ metadata }) => queue.add(metadata.name),
        onUpdate: (_, { metadata }) => queue.add(metadata.name),
      }),
    ],
    async reconcile(name, queue) {
      const secret = tokens.store.get(bootstrapTokenNamespace, name);
      if (!secret) return;
      const left = timeLeft(secret, clock.now());
      if (left === Number.POSITIVE_INFINITY) return;
      if (left > 0) return queue.addAfter(name, left);
      try {
        const preconditions = { uid: secret.metadata.uid };
        await client.resource(secrets).delete(bootstrapTokenNamespace, name, { preconditions });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    },
  });
}
