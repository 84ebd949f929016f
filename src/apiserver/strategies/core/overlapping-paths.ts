import type { Volume, VolumeProjection } from '../../../api/core/v1.gen.ts';
import { quote } from '../../../schema/quote.ts';

interface Placed {
  readonly path: string;
  /** Which of a projected volume's sources puts it there; "" in other volumes. */
  readonly source: string;
}

type Items = readonly { readonly path: string }[];

/** Whether the first path is the second or below it. */
const isWithin = (path: string, of: string): boolean =>
  path.startsWith(of) && (path.length === of.length || path[of.length] === '/');

const place = (items: Items, source = ''): Placed[] => items.map(({ path }) => ({ path, source }));
const shown = ({ path, source }: Placed): string => (source ? `${quote(path)} (${source})` : quote(path));

/** Files that a volume puts in one place, or one below the other: one of the two is lost. */
export function warnOfOverlappingPaths(volumes: readonly Volume[], found: string[]): void {
  for (const { name, configMap, secret, downwardAPI, projected } of volumes) {
    if (configMap?.items) overlaps(place(configMap.items), [], name, `ConfigMap ${quote(configMap.name ?? '')}`, found);
    if (secret?.items) overlaps(place(secret.items), [], name, `Secret ${quote(secret.secretName ?? '')}`, found);
    if (downwardAPI?.items) overlaps(place(downwardAPI.items), [], name, 'DownwardAPI', found);
    if (!projected) continue;
    const before: Placed[] = [];
    for (const source of projected.sources ?? []) {
      if (isBare(source)) {
        found.push(`volume ${quote(name)} (Projected) has no sources provided`);
      } else overlaps(placesOf(source), before, name, 'Projected', found);
    }
  }
}

function isBare(source: VolumeProjection): boolean {
  for (const key of Object.keys(source)) if (source[key as keyof VolumeProjection] !== undefined) return false;
  return true;
}

/** Warns of those of `paths` that meet one of `before` or of themselves, and adds them to `before`. */
function overlaps(paths: readonly Placed[], before: Placed[], volume: string, what: string, found: string[]): void {
  for (const { path, source } of paths) {
    const own = path.endsWith('/') ? { path: path.replace(/\/+$/, ''), source } : { path, source };
    for (const other of before) {
      if (own.path === '' || other.path === '') continue;
      if (!isWithin(other.path, own.path) && !isWithin(own.path, other.path)) continue;
      found.push(`volume ${quote(volume)} (${what}): overlapping paths: ${shown(own)} with ${shown(other)}`);
    }
    before.push(own);
  }
}

function placesOf(source: VolumeProjection): readonly Placed[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (configMap?.items) return place(configMap.items, `ConfigMap ${quote(configMap.name ?? '')}`);
  if (secret?.items) return place(secret.items, `Secret ${quote(secret.name ?? '')}`);
  if (downwardAPI?.items) return place(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return [{ path: serviceAccountToken.path, source: 'ServiceAccountToken' }];
  if (clusterTrustBundle) {
    const { path, name, signerName } = clusterTrustBundle;
    return [{ path, source: `ClusterTrustBundle ${quote(name ?? signerName ?? '')}` }];
  }
  if (!podCertificate) return [];
  const { certificateChainPath, keyPath, credentialBundlePath } = podCertificate;
  return [
    { path: certificateChainPath ?? '', source: 'PodCertificate chain' },
    { path: keyPath ?? '', source: 'PodCertificate key' },
    { path: credentialBundlePath ?? '', source: 'PodCertificate credential bundle' },
  ].filter(({ path }) => path !== '');
}
