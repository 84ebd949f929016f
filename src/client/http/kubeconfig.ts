import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { ClientConfig } from './config.ts';

/** Token files are renewed in place; they are read again after this long. */
const TOKEN_AGE_MS = 60_000;

/**
 * Reads a kubeconfig file as kubectl does: cluster, user and namespace of a context (default: current-context).
 * Paths inside are relative to the file. Client certificates, tokens and token files are understood; exec plugins,
 * auth providers and passwords are an error that says so.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export function loadKubeconfig(file: string, context?: string): ClientConfig {
  return parseKubeconfig(readFileSync(file, 'utf8'), { directory: dirname(resolve(file)), context, source: file });
}

export interface KubeconfigOptions {
  /** What relative paths are relative to. */
  readonly directory: string;
  readonly context?: string;
  /** Named in error messages. */
  readonly source?: string;
}

export function parseKubeconfig(text: string, options: KubeconfigOptions): ClientConfig {
  const source = options.source ?? 'kubeconfig';
  const config = section(parse(text), source);
  const contextName = options.context ?? string(config, 'current-context');
  if (!contextName) throw new Error(`${source}: there is no current-context, and none was asked for`);
  const context = named(config, 'contexts', 'context', contextName, source);
  const cluster = named(config, 'clusters', 'cluster', string(context, 'cluster') ?? '', source);
  const userName = string(context, 'user');
  const user = userName ? named(config, 'users', 'user', userName, source) : {};
  for (const unsupported of ['exec', 'auth-provider', 'username']) {
    if (user[unsupported] !== undefined) {
      throw new Error(`${source}: user "${userName}" signs in by "${unsupported}", which is not supported`);
    }
  }
  const server = string(cluster, 'server');
  if (!server) throw new Error(`${source}: cluster "${string(context, 'cluster')}" has no server`);
  const pem = (from: Section, key: string): string | undefined => {
    const data = string(from, `${key}-data`);
    if (data) return Buffer.from(data, 'base64').toString('utf8');
    const path = string(from, key);
    return path ? readFileSync(resolve(options.directory, path), 'utf8') : undefined;
  };
  const ca = pem(cluster, 'certificate-authority');
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  const tokenFile = string(user, 'tokenFile');
  const token = tokenFile ? tokenFromFile(resolve(options.directory, tokenFile)) : string(user, 'token');
  const serverName = string(cluster, 'tls-server-name');
  return {
    server: server.replace(/\/+$/, ''),
    namespace: string(context, 'namespace') ?? 'default',
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(token && { token }),
    ...(serverName && { serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true && { insecureSkipTlsVerify: true }),
  };
}

function tokenFromFile(path: string): () => string {
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - readAt > TOKEN_AGE_MS) {
      token = readFileSync(path, 'utf8').trim();
      readAt = now;
    }
    return token;
  };
}

type Section = { readonly [key: string]: unknown };

function section(value: unknown, what: string): Section {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what}: expected a mapping`);
  return value as Section; // a non-null object that is no array can be read by key
}

function string(from: Section, key: string): string | undefined {
  const value = from[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function named(config: Section, list: string, key: string, name: string, source: string): Section {
  const entries = config[list];
  for (const entry of Array.isArray(entries) ? entries : []) {
    const found = section(entry, `${source}: ${list}`);
    if (found.name === name) return section(found[key] ?? {}, `${source}: ${key} "${name}"`);
  }
  throw new Error(`${source}: there is no ${key} "${name}"`);
}
