/** Kubeconfig files as flags of the API server name them: where a webhook is, and who the server is to it. */
import { dirname, resolve } from 'node:path';
import { isJsonObject } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import { readBounded } from '../config-file/read.ts';
import { parseYaml } from '../http/yaml.ts';

export interface KubeconfigTarget {
  /** "https://authz.example.com/authorize" */
  readonly url: URL;
  /** PEM; those that the system trusts where it is absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly insecureSkipTlsVerify: boolean;
  /** What stands in the Authorization header; "" for nothing. Asked for each call: token files are renewed. */
  authorization(): string;
}

/** Token files are renewed in place; they are read again after this long (ms). */
const TOKEN_AGE = 60_000;

/**
 * Reads the current context of a kubeconfig. Certificates, tokens, token files and passwords are understood; programs
 * that fetch credentials are not. Throws an Error whose message begins with the file's name.
 * https://kubernetes.io/docs/reference/access-authn-authz/webhook/#configuration-file-format
 */
export function readWebhookKubeconfig(path: string): KubeconfigTarget {
  try {
    return parse(readBounded(path), dirname(resolve(path)));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse(text: string, directory: string): KubeconfigTarget {
  const config = section(parseYaml(text).value, 'the file');
  const contextName = string(config, 'current-context');
  if (contextName === undefined) throw new Error('there is no current-context: name the context to use');
  const context = named(config, 'contexts', 'context', contextName);
  const cluster = named(config, 'clusters', 'cluster', string(context, 'cluster') ?? '');
  const userName = string(context, 'user');
  const user = userName === undefined ? {} : named(config, 'users', 'user', userName);
  for (const way of ['exec', 'auth-provider']) {
    if (user[way] !== undefined) {
      throw new Error(`user ${quote(userName ?? '')} signs in by ${way}: give it a certificate or a token instead`);
    }
  }
  const pem = (from: Section, key: string): string | undefined => {
    const data = string(from, `${key}-data`);
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    const file = string(from, key);
    return file === undefined ? undefined : readBounded(resolve(directory, file));
  };
  const server = string(cluster, 'server');
  if (server === undefined) throw new Error(`cluster ${quote(string(context, 'cluster') ?? '')} has no server`);
  const tokenFile = string(user, 'tokenFile');
  const ca = pem(cluster, 'certificate-authority');
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error(`user ${quote(userName ?? '')} needs both client-certificate and client-key`);
  }
  const serverName = string(cluster, 'tls-server-name');
  return {
    url: urlOf(server),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert, key }),
    ...(serverName !== undefined && { serverName }),
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] === true,
    authorization: authorizationOf(user, tokenFile === undefined ? undefined : resolve(directory, tokenFile)),
  };
}

function urlOf(server: string): URL {
  const text = /^https?:\/\//.test(server) ? server : `https://${server}`;
  if (!URL.canParse(text)) throw new Error(`server ${quote(server)} is no URL`);
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  return url;
}

function authorizationOf(user: Section, tokenFile: string | undefined): () => string {
  const token = string(user, 'token');
  if (token !== undefined) return () => `Bearer ${token}`;
  if (tokenFile !== undefined) {
    let header = `Bearer ${readBounded(tokenFile).trim()}`;
    let readAt = performance.now();
    return () => {
      const now = performance.now();
      if (now - readAt > TOKEN_AGE) {
        header = `Bearer ${readBounded(tokenFile).trim()}`;
        readAt = now;
      }
      return header;
    };
  }
  const name = string(user, 'username');
  const basic = Buffer.from(`${name ?? ''}:${string(user, 'password') ?? ''}`).toString('base64');
  return () => (name === undefined ? '' : `Basic ${basic}`);
}

type Section = Readonly<Record<string, unknown>>;

function section(value: unknown, what: string): Section {
  if (!isJsonObject(value)) throw new Error(`${what} is no mapping`);
  return value;
}

function string(from: Section, key: string): string | undefined {
  const value = from[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function named(config: Section, list: string, key: string, name: string): Section {
  const entries = config[list];
  for (const entry of Array.isArray(entries) ? entries : []) {
    const found = section(entry, `an entry of ${list}`);
    if (found.name === name) return section(found[key] ?? {}, `${key} ${quote(name)}`);
  }
  throw new Error(`there is no ${key} ${quote(name)}`);
}
