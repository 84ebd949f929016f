import { validatingadmissionpolicies } from '../../api/admissionregistration/v1.gen.ts';
import { customresourcedefinitions } from '../../api/apiextensions/v1.gen.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { expressionWarnings } from './type-checking.ts';

const WORKERS = 5;
const FIELD_MANAGER = 'validatingadmissionpolicy-status';

/**
 * Tells in the status of a ValidatingAdmissionPolicy what its expressions get wrong of the objects it will see.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking
 */
export function startValidatingAdmissionPolicyStatusController(context: ControllerContext): ControllerHandle {
  const { client } = context;
  const policies = context.informers.informer(validatingadmissionpolicies);
  const definitions = context.informers.informer(customresourcedefinitions);

  return startReconciler(context, {
    name: FIELD_MANAGER,
    workers: WORKERS,
    waitFor: [policies, definitions],
    observe: (queue) => [
      policies.addHandler({
        onAdd: ({ metadata }) => queue.add(metadata.name),
        onUpdate: (_, { metadata }) => queue.add(metadata.name),
      }),
    ],
    async reconcile(name) {
      const policy = policies.store.get('', name);
      if (!policy) return;
      const { apiVersion, kind, metadata, status } = policy;
      const { generation = 0 } = metadata;
      if (generation <= (status?.observedGeneration ?? 0)) return;
      const warnings = expressionWarnings(policy, definitions.store.list());
      const typeChecking = warnings.length > 0 ? { expressionWarnings: warnings } : {};
      const body = { apiVersion, kind, metadata: { name }, status: { observedGeneration: generation, typeChecking } };
      await client
        .resource(validatingadmissionpolicies)
        .patch('', name, { type: 'apply', body }, { subresource: 'status', fieldManager: FIELD_MANAGER, force: true });
    },
  });
}
