import type { TokenRequest } from '../../api/authentication/v1.gen.ts';
import type { Pod, Volume } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionRequest } from '../admission.ts';
import type { NodeRestrictionOptions } from './node-restriction.ts';
import { refusal } from './readers.ts';

/** A node asks for tokens for the pods that run on it, and for those audiences that their volumes mention. */
export async function checkNodeToken(
  request: AdmissionRequest,
  node: string,
  options: NodeRestrictionOptions,
): Promise<void> {
  const { namespace } = request.target;
  // The token subresource's schema has decoded it; it is no stored kind.
  const { spec } = request.object as unknown as TokenRequest;
  const ref = spec.boundObjectRef;
  // Null where the request has none.
  const audiences = spec.audiences ?? [];
  if (ref?.kind !== 'Pod' || ref.apiVersion !== 'v1' || !ref.name)
    throw refusal(request, 'node requested token not bound to a pod');
  if (!ref.uid) throw refusal(request, 'node requested token with a pod binding without a uid');
  const pod = options.readers.pod(namespace, ref.name);
  if (!pod) throw errors.notFound({ group: '', resource: 'pod' }, ref.name);
  if (pod.metadata.uid !== ref.uid)
    throw refusal(
      request,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec.nodeName !== node)
    throw refusal(request, 'node requested token bound to a pod scheduled on a different node');
  if (audiences.length > 1) throw refusal(request, 'node may only request 0 or 1 audiences');
  const [audience = ''] = audiences;
  const { found, problems } = mentions(pod, audience, options.readers);
  if (found) return;
  if (problems.length > 0) {
    const why = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
    throw refusal(request, `error validating audience ${quote(audience)}: ${why}`);
  }
  const { user } = request.context;
  const { allowed } = await options.authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
    namespace,
    name: request.target.name,
    path: '',
  });
  if (!allowed)
    throw refusal(
      request,
      `audience ${quote(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`,
    );
}

type Readers = NodeRestrictionOptions['readers'];

/** Whether a volume of the pod needs tokens for the audience: a projection, or the driver of one. */
function mentions(
  pod: Pod,
  audience: string,
  readers: Readers,
): { readonly found: boolean; readonly problems: readonly string[] } {
  const problems: string[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    if (
      volume.projected?.sources?.some(
        (s) => s.serviceAccountToken && (s.serviceAccountToken.audience ?? '') === audience,
      )
    )
      return { found: true, problems };
    const driver = driverOf(pod, volume, readers);
    if (driver === undefined) continue;
    if ('problem' in driver) {
      problems.push(driver.problem);
      continue;
    }
    const known = readers.csiDriver(driver.name);
    if (!known) problems.push(errors.notFound({ group: 'storage.k8s.io', resource: 'csidriver' }, driver.name).message);
    else if (known.spec.tokenRequests?.some((asked) => asked.audience === audience)) return { found: true, problems };
  }
  return { found: false, problems };
}

function driverOf(
  { metadata }: Pod,
  volume: Volume,
  readers: Readers,
): { readonly name: string } | { readonly problem: string } | undefined {
  if (volume.csi) return { name: volume.csi.driver };
  const claimName = volume.ephemeral?.volumeClaimTemplate
    ? `${metadata.name}-${volume.name}`
    : volume.persistentVolumeClaim?.claimName;
  if (claimName === undefined) return undefined;
  const missing = (resource: string, name: string) => ({
    problem: errors.notFound({ group: '', resource }, name).message,
  });
  const claim = readers.persistentVolumeClaim(metadata.namespace ?? '', claimName);
  if (!claim) return missing('persistentvolumeclaim', claimName);
  const volumeName = claim.spec.volumeName ?? '';
  const bound = readers.persistentVolume(volumeName);
  if (!bound) return missing('persistentvolume', volumeName);
  return bound.spec.csi && { name: bound.spec.csi.driver };
}
