import { createHash, randomInt, X509Certificate } from 'node:crypto';
import { type Secret, secrets } from '../api/core/v1.gen.ts';
import type { Client } from '../client/client.ts';
import { loadKubeconfig } from '../client/http/kubeconfig.ts';
import { formatTime } from '../schema/time.ts';
import { advertisedServer, ensureJoining, joinGroup } from './cluster-info.ts';
import { connect } from './connect.ts';
import { clusterPaths } from './paths.ts';

const namespace = 'kube-system';
const type = 'bootstrap.kubernetes.io/token';
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const word = (length: number) => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');

export interface JoinToken {
  readonly id: string;
  /** Milliseconds since the epoch; absent: it does not end. */
  readonly expires?: number;
  readonly description: string;
}

/**
 * Makes a bootstrap token with which machines may join, for `ttl` milliseconds (0: for ever), and the command that does.
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
export async function createToken(
  dataDir: string,
  options: { readonly ttl: number; readonly description: string },
): Promise<{ readonly token: string; readonly command: string }> {
  return withAdmin(dataDir, async (client, certificateAuthority) => {
    const server = await advertisedServer(client);
    await ensureJoining(client, server, certificateAuthority);
    const [id, secret] = [word(6), word(16)];
    await client.resource(secrets).create(namespace, {
      metadata: { name: `bootstrap-token-${id}` },
      type,
      stringData: {
        'token-id': id,
        'token-secret': secret,
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
        'auth-extra-groups': joinGroup,
        ...(options.description && { description: options.description }),
        ...(options.ttl > 0 && { expiration: formatTime(Date.now() + options.ttl) }),
      },
    });
    const token = `${id}.${secret}`;
    const hash = authorityHash(certificateAuthority);
    return { token, command: `skiff agent --server ${server} --token ${token} --ca-cert-hash ${hash}` };
  });
}

/** By which a machine that joins knows the authority: kubeadm's form, the SHA-256 of its public key. */
export function authorityHash(certificateAuthority: string): string {
  const key = new X509Certificate(certificateAuthority).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

export async function listTokens(dataDir: string): Promise<JoinToken[]> {
  return withAdmin(dataDir, async (client) => {
    const { items } = await client.resource(secrets).list(namespace, { fieldSelector: `type=${type}` });
    return items.map((secret) => {
      const text = (key: string) => Buffer.from(field(secret, key), 'base64').toString();
      const expiration = text('expiration');
      return {
        id: text('token-id'),
        ...(expiration && { expires: Date.parse(expiration) }),
        description: text('description'),
      };
    });
  });
}

const field = ({ data = {} }: Secret, key: string): string => data[key] ?? '';

/** Takes an id, or a whole token. Throws where there is none. */
export async function deleteToken(dataDir: string, token: string): Promise<void> {
  const [id = ''] = token.split('.');
  await withAdmin(dataDir, (client) => client.resource(secrets).delete(namespace, `bootstrap-token-${id}`));
}

async function withAdmin<T>(
  dataDir: string,
  run: (client: Client, certificateAuthority: string) => Promise<T>,
): Promise<T> {
  const file = clusterPaths(dataDir).adminKubeconfig;
  const client = connect(file, 'skiff');
  try {
    return await run(client, loadKubeconfig(file).ca ?? '');
  } finally {
    await client.close();
  }
}
