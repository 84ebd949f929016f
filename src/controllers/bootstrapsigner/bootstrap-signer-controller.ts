import { createHmac } from 'node:crypto';
import { configmaps, type Secret, secrets } from '../../api/core/v1.gen.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import { bootstrapTokenSelector, signingToken } from '../shared/bootstrap-tokens.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

const namespace = 'kube-public';
const name = 'cluster-info';
const signaturePrefix = 'jws-kubeconfig-';

/**
 * Signs the cluster's description, the config map kube-public/cluster-info, with every bootstrap token that may, so
 * that a machine that knows a token can believe it before it knows the cluster's authority.
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing
 */
export function startBootstrapSignerController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const tokens = context.informers.informer(secrets, bootstrapTokenSelector);
  const maps = context.informers.informer(configmaps, { namespace, fieldSelector: `metadata.name=${name}` });

  return startReconciler(context, {
    name: 'bootstrap-signer-controller',
    workers: 1,
    waitFor: [tokens, maps],
    observe: (queue) => {
      const look = () => queue.add(name);
      return [
        tokens.addHandler({ onAdd: look, onUpdate: look, onDelete: look }),
        maps.addHandler({ onAdd: look, onUpdate: look }),
      ];
    },
    async reconcile() {
      const map = maps.store.get(namespace, name);
      const content = map?.data?.kubeconfig;
      if (!map || content === undefined) return;
      const signed = signatures(content, tokens.store.list(), clock.now());
      const others = Object.entries(map.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
      const data = { ...Object.fromEntries(others), ...signed };
      const keys = new Set([...Object.keys(data), ...Object.keys(map.data ?? {})]);
      if ([...keys].every((key) => data[key] === map.data?.[key])) return;
      try {
        await client.resource(configmaps).update({ ...map, data });
      } catch (error) {
        // Its next version comes by the informer.
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    },
  });
}

function signatures(content: string, tokens: readonly Secret[], now: number): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of tokens) {
    const token = signingToken(one, now);
    if (token) found[`${signaturePrefix}${token.id}`] = detachedSignature(content, token);
  }
  return found;
}

/** A JSON Web Signature (HS256) without its content: RFC 7515, appendix F. */
export function detachedSignature(content: string, token: { readonly id: string; readonly secret: string }): string {
  const head = Buffer.from(JSON.stringify({ alg: 'HS256', kid: token.id })).toString('base64url');
  const signature = createHmac('sha256', token.secret)
    .update(`${head}.${Buffer.from(content).toString('base64url')}`)
    .digest('base64url');
  return `${head}..${signature}`;
}
