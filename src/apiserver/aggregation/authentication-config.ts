import { type ConfigMap, configmaps } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isConflict } from '../../api/errors.ts';
import type { BootstrapClient } from '../bootstrap/ensure.ts';

/** Whom extension API servers may believe. PEM texts. */
export interface TrustedAuthorities {
  /** --client-ca-file */
  readonly clientCa?: string | undefined;
  /** --requestheader-client-ca-file: signs the certificates of front proxies. */
  readonly frontProxyCa?: string | undefined;
}

const meta = { name: 'extension-apiserver-authentication', namespace: 'kube-system' };

/** Common names of the front proxies whose headers count. */
export const frontProxyNames = ['front-proxy-client'];

/**
 * Keeps the config map by which extension API servers learn how to know this server and its users.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/
 */
export async function ensureAuthenticationConfig(
  client: BootstrapClient,
  { clientCa, frontProxyCa }: TrustedAuthorities,
): Promise<void> {
  const data: Record<string, string> = {
    ...(clientCa !== undefined && { 'client-ca-file': clientCa }),
    ...(frontProxyCa !== undefined && {
      'requestheader-allowed-names': JSON.stringify(frontProxyNames),
      'requestheader-client-ca-file': frontProxyCa,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    }),
  };
  if (Object.keys(data).length === 0) return;
  const resource = client.resource(configmaps);
  try {
    const { items } = await resource.list(meta.namespace);
    const live: ConfigMap | undefined = items.find(({ metadata }) => metadata.name === meta.name);
    if (!live) await resource.create(meta.namespace, { metadata: meta, data });
    else if (Object.entries(data).some(([key, value]) => live.data?.[key] !== value)) {
      await resource.update({ ...live, data: { ...live.data, ...data } });
    }
  } catch (error) {
    // Another API server over the same store does the same work at the same time.
    if (!isAlreadyExists(error) && !isConflict(error)) throw error;
  }
}
