import type { Secret } from '../../api/core/v1.gen.ts';
import type { AuthConfig } from '../cri/types.ts';
import { parseImageName } from './name.ts';

interface Entry {
  readonly server: string;
  readonly auth: AuthConfig;
}

/**
 * The credentials that pull secrets hold for an image, the most specific first. Secrets of other types and broken ones
 * are passed over, as the kubelet does.
 * https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
export function credentialsFor(image: string, secrets: readonly Secret[]): readonly AuthConfig[] {
  const { domain, path } = parseImageName(image);
  const target = `${domain}/${path}`;
  return secrets
    .flatMap(entries)
    .filter((entry) => matches(entry.server, target))
    .sort((a, b) => b.server.length - a.server.length)
    .map((entry) => entry.auth);
}

function entries(secret: Secret): Entry[] {
  const current = secret.data?.['.dockerconfigjson'];
  const legacy = secret.data?.['.dockercfg'];
  try {
    if (secret.type === 'kubernetes.io/dockerconfigjson' && current) return servers(field(decode(current), 'auths'));
    if (secret.type === 'kubernetes.io/dockercfg' && legacy) return servers(decode(legacy));
  } catch {
    // A broken secret gives no credentials; the pull fails with the registry's own words.
  }
  return [];
}

const decode = (base64: string): unknown => JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function servers(value: unknown): Entry[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([server, config]) => {
    const text = (name: string) => {
      const found = field(config, name);
      return typeof found === 'string' ? found : '';
    };
    let [username, password] = [text('username'), text('password')];
    const auth = Buffer.from(text('auth'), 'base64').toString('utf8');
    const colon = auth.indexOf(':');
    if (colon > 0) [username, password] = [auth.slice(0, colon), auth.slice(colon + 1).replace(/\0+$/, '')];
    if (!username && !text('identitytoken')) return [];
    const address = normalize(server);
    return [
      {
        server: address,
        auth: {
          username,
          password,
          ...(text('identitytoken') && { identityToken: text('identitytoken') }),
          serverAddress: server,
        },
      },
    ];
  });
}

/** "https://index.docker.io/v1/" -> "docker.io", "https://registry.example/v2/team" -> "registry.example/team". */
function normalize(server: string): string {
  const bare = server.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const [host = '', ...path] = bare.split('/');
  if (path[0] === 'v1' || path[0] === 'v2') path.shift();
  const name = host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
  return [name, ...path].join('/');
}

/** Hosts may have `*` for parts of a name; paths match by whole components from the beginning. */
function matches(server: string, image: string): boolean {
  const [host = '', ...path] = server.split('/');
  const [imageHost = '', ...imagePath] = image.split('/');
  const parts = host.split('.');
  const imageParts = imageHost.split('.');
  if (parts.length !== imageParts.length) return false;
  const sameHost = parts.every((part, i) => {
    if (!part.includes('*')) return part === imageParts[i];
    const pattern = part.split('*').map((s) => s.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
    return new RegExp(`^${pattern.join('.*')}$`).test(imageParts[i] ?? '');
  });
  return sameHost && path.every((part, i) => part === imagePath[i]);
}
