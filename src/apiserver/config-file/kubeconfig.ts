import { dirname, resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import { parseYaml, YamlError } from '../http/yaml.ts';
import { readTextFile } from './read.ts';

/** What a webhook that the API server asks is shown. */
export interface KubeconfigUser {
  /** PEM: the client's certificate and key. */
  readonly cert?: string;
  readonly key?: string;
  /** Of the Authorization header. Read anew now and then where it comes from a file. */
  readonly authorization?: () => string;
}

/** Where a webhook that the API server asks is, and what it is shown. */
export interface WebhookKubeconfig extends KubeconfigUser {
  /** "https://HOST:PORT/PATH": asked exactly so. */
  readonly server: string;
  /** PEM: who signs the server's certificate; absent: those that the system trusts. */
  readonly ca?: string;
  readonly serverName?: string;
  readonly insecureSkipTlsVerify?: boolean;
}

/** A token's file is renewed in place; it is read again after this long. Milliseconds. */
const TOKEN_AGE = 60_000;

/**
 * Reads a file in the kubeconfig format that `flag` names: the cluster and user of its current context. Client
 * certificates, tokens, token files and passwords are understood; programs that fetch credentials are refused. Throws a
 * ConfigurationError. https://kubernetes.io/docs/reference/access-authn-authz/webhook/
 */
export function readWebhookKubeconfig(path: string, flag: string): WebhookKubeconfig {
  const wrong = (why: string) => new ConfigurationError(`${flag}: ${path}: ${why}`);
  const directory = dirname(resolve(path));
  const config = parsed(readTextFile(path, flag), wrong);
  const contextName = text(config, 'current-context');
  if (contextName === undefined) throw wrong('current-context must be set');
  const context = named(config, 'contexts', 'context', contextName, wrong);
  const cluster = named(config, 'clusters', 'cluster', text(context, 'cluster') ?? '', wrong);
  const userName = text(context, 'user');
  const user = userName === undefined ? {} : named(config, 'users', 'user', userName, wrong);
  const server = text(cluster, 'server');
  if (server === undefined || !URL.canParse(server)) throw wrong(`cluster "${text(context, 'cluster')}" has no server`);
  const ca = pem(cluster, 'certificate-authority', directory, flag);
  const serverName = text(cluster, 'tls-server-name');
  return {
    server,
    ...(ca !== undefined && { ca }),
    ...(serverName !== undefined && { serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true && { insecureSkipTlsVerify: true }),
    ...userOf(user, userName ?? '', directory, flag, wrong),
  };
}

/**
 * All users of a file in the kubeconfig format by their names, and the one of its current context: for webhooks whose
 * users are named like their servers. Throws a ConfigurationError.
 */
export function readKubeconfigUsers(
  path: string,
  flag: string,
): { readonly users: ReadonlyMap<string, KubeconfigUser>; readonly current: string | undefined } {
  const wrong = (why: string) => new ConfigurationError(`${flag}: ${path}: ${why}`);
  const config = parsed(readTextFile(path, flag), wrong);
  const users = new Map<string, KubeconfigUser>();
  for (const entry of Array.isArray(config.users) ? config.users : []) {
    const name = isJsonObject(entry) ? text(entry, 'name') : undefined;
    if (name === undefined) throw wrong('a user has no name');
    users.set(name, userOf(named(config, 'users', 'user', name, wrong), name, dirname(resolve(path)), flag, wrong));
  }
  const contextName = text(config, 'current-context');
  const context = contextName === undefined ? {} : named(config, 'contexts', 'context', contextName, wrong);
  return { users, current: text(context, 'user') };
}

function userOf(user: JsonObject, name: string, directory: string, flag: string, wrong: Wrong): KubeconfigUser {
  for (const way of ['exec', 'auth-provider']) {
    if (user[way] !== undefined) throw wrong(`user "${name}" signs in by "${way}", which is not supported here`);
  }
  const [cert, key] = [pem(user, 'client-certificate', directory, flag), pem(user, 'client-key', directory, flag)];
  if ((cert === undefined) !== (key === undefined))
    throw wrong(`user "${name}" has a client certificate or key without the other`);
  const authorization = authorizationOf(user, directory, flag);
  return {
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(authorization && { authorization }),
  };
}

function pem(from: JsonObject, key: string, directory: string, flag: string): string | undefined {
  const data = text(from, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(from, key);
  return file === undefined ? undefined : readTextFile(resolve(directory, file), flag);
}

function authorizationOf(user: JsonObject, directory: string, flag: string): (() => string) | undefined {
  const file = text(user, 'tokenFile');
  if (file !== undefined) {
    const path = resolve(directory, file);
    let token = readTextFile(path, flag).trim();
    let readAt = performance.now();
    return () => {
      if (performance.now() - readAt > TOKEN_AGE) {
        token = readTextFile(path, flag).trim();
        readAt = performance.now();
      }
      return `Bearer ${token}`;
    };
  }
  const token = text(user, 'token');
  if (token !== undefined) return () => `Bearer ${token}`;
  const name = text(user, 'username');
  if (name === undefined) return undefined;
  const basic = Buffer.from(`${name}:${text(user, 'password') ?? ''}`).toString('base64');
  return () => `Basic ${basic}`;
}

type Wrong = (why: string) => ConfigurationError;

function parsed(source: string, wrong: Wrong): JsonObject {
  try {
    const { value } = parseYaml(source);
    if (isJsonObject(value)) return value;
  } catch (error) {
    if (error instanceof YamlError) throw wrong(error.message);
    throw error;
  }
  throw wrong('is no kubeconfig: expected a mapping');
}

function text(from: JsonObject, key: string): string | undefined {
  const value = from[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function named(config: JsonObject, list: string, key: string, name: string, wrong: Wrong): JsonObject {
  const entries = config[list];
  for (const entry of Array.isArray(entries) ? entries : []) {
    if (!isJsonObject(entry) || entry.name !== name) continue;
    const found = entry[key] ?? {};
    if (isJsonObject(found)) return found;
  }
  throw wrong(`there is no ${key} "${name}"`);
}
