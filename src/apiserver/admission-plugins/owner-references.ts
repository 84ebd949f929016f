import { isDeepStrictEqual } from 'node:util';
import type { OwnerReference } from '../../api/meta/v1.gen.ts';
import { parseApiVersion } from '../../api/resource.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../admission.ts';
import type { ResourceTable, ServedResource } from '../core.ts';
import { refusal } from './readers.ts';

/** Owners of the object that its deletion will wait for, and did not before. */
function newlyBlocking(now: readonly OwnerReference[], before: readonly OwnerReference[]): OwnerReference[] {
  const blocked = new Set(before.filter((ref) => ref.blockOwnerDeletion).map((ref) => ref.uid));
  return now.filter((ref) => ref.blockOwnerDeletion && !blocked.has(ref.uid));
}

function kindsOf(resources: ResourceTable, { apiVersion, kind }: OwnerReference): ServedResource[] | undefined {
  const gv = parseApiVersion(apiVersion);
  if (!gv) return undefined;
  const found: ServedResource[] = [];
  for (const one of resources.all())
    if (one.group === gv.group && one.version === gv.version && one.data.kind === kind) found.push(one);
  return found.length > 0 ? found : undefined;
}

/**
 * Who names an owner must be able to delete the object, as the owner's deletion will; who makes that deletion wait must
 * be able to change the owner's finalizers.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#ownerreferencespermissionenforcement
 */
export function ownerReferencesPermissionEnforcement(
  authorizer: Authorizer,
  resources: () => ResourceTable | undefined,
): AdmissionPlugin {
  const decide = (
    request: AdmissionRequest,
    verb: string,
    of: {
      group: string;
      version: string;
      resource: string;
      subresource: string;
      namespace: string;
      name: string;
    },
  ) => authorizer.authorize({ user: request.context.user, verb, ...of, path: '' });
  const because = (reason: string): string => `${reason}, <nil>`;

  return {
    name: 'OwnerReferencesPermissionEnforcement',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      !(group === '' && resource === 'pods' && subresource === 'status'),

    validate(request) {
      const now = request.object?.metadata?.ownerReferences ?? [];
      const before = request.oldObject?.metadata.ownerReferences ?? [];
      if (isDeepStrictEqual(now, before)) return;
      return check(request, now, before);
    },
  };

  async function check(
    request: AdmissionRequest,
    now: readonly OwnerReference[],
    before: readonly OwnerReference[],
  ): Promise<void> {
    const { target } = request;
    if (request.operation !== 'CREATE') {
      const { group, version, data } = target.resource;
      const { namespace, name, subresource } = target;
      const may = await decide(request, 'delete', {
        group,
        version,
        resource: data.resource,
        subresource,
        namespace,
        name,
      });
      if (!may.allowed)
        throw refusal(request, `cannot set an ownerRef on a resource you can't delete: ${because(may.reason)}`);
    }
    const blocking = newlyBlocking(now, before);
    if (blocking.length === 0) return;
    const anything = { group: '*', version: '*', resource: '*', subresource: 'finalizers', namespace: '', name: '*' };
    if ((await decide(request, 'update', anything)).allowed) return;
    for (const ref of blocking) {
      const table = resources();
      const owners = table && kindsOf(table, ref);
      if (!owners)
        throw refusal(
          request,
          `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${ref.apiVersion} Kind ${ref.kind}: no matches for kind ${quote(ref.kind)} in version ${quote(ref.apiVersion)}`,
        );
      for (const { group, version, data } of owners) {
        const may = await decide(request, 'update', {
          group,
          version,
          resource: data.resource,
          subresource: 'finalizers',
          namespace: data.namespaced ? target.namespace : '',
          name: ref.name,
        });
        if (!may.allowed)
          throw refusal(
            request,
            `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${because(may.reason)}`,
          );
      }
    }
  }
}
