import { ApiError } from '../api/errors.ts';
import type { Aggregator, RemoteVersion } from '../apiserver/aggregation/aggregator.ts';
import type { ExtensionResources } from '../controllers/shared/extensions.ts';

/** Controllers' way to what extension API servers keep. */
export function extensionResources(aggregator: Aggregator): ExtensionResources {
  return {
    unknown: () =>
      aggregator
        .versions()
        .filter(({ freshness }) => freshness === 'Stale')
        .map(({ group, version }) => `${group}/${version}`),
    resources() {
      const preferred = new Map<string, ReturnType<typeof entriesOf>[number]>();
      const versions = aggregator.versions().toSorted((a, b) => b.versionPriority - a.versionPriority);
      for (const entry of versions.flatMap(entriesOf)) {
        const key = `${entry.group}/${entry.resource}`;
        if (!preferred.has(key)) preferred.set(key, entry);
      }
      return [...preferred.values()];
    },
    async ask(serviceAccount, method, path) {
      const user = {
        name: `system:serviceaccount:kube-system:${serviceAccount}`,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      };
      const { status, value } = await aggregator.ask(user, method, path);
      if (status >= 200 && status < 300) return value;
      const reason = status === 404 ? 'NotFound' : status === 405 ? 'MethodNotAllowed' : 'Unknown';
      const said = typeof value === 'object' && value !== null && 'message' in value ? value.message : value;
      throw new ApiError({
        apiVersion: 'v1',
        kind: 'Status',
        metadata: {},
        status: 'Failure',
        code: status,
        reason,
        message: String(said).slice(0, 2048) || `the server answered with code ${status}`,
      });
    },
  };
}

function entriesOf({ group, version, resources }: RemoteVersion) {
  return resources.flatMap(({ resource, responseKind, scope, verbs }) => {
    const kind =
      typeof responseKind === 'object' && responseKind !== null && 'kind' in responseKind ? responseKind.kind : '';
    if (typeof resource !== 'string' || !Array.isArray(verbs)) return [];
    const namespaced = scope === 'Namespaced';
    return [{ group, version, resource, kind: String(kind), namespaced, verbs: verbs.map(String) }];
  });
}
