import { readFileSync, realpathSync } from 'node:fs';
import { type Document, isMap, isSeq, parseDocument, stringify, type YAMLMap, type YAMLSeq } from 'yaml';
import type { KeyPair } from '../utils/x509.ts';
import { replaceFile } from './replace-file.ts';

/** Who a kubeconfig lets its holder be, and where. */
export interface KubeconfigEntry {
  /** Name of the context, the cluster and the user. */
  readonly name: string;
  /** "https://127.0.0.1:6443" */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly certificateAuthority: string;
  /** Name to ask the server for, where it serves others under its address. */
  readonly serverName?: string;
  readonly credentials:
    | { readonly certificate: KeyPair }
    | { readonly token: string }
    /** One file with certificate and key, which is renewed. */
    | { readonly certificateFile: string };
  /** Default namespace of the context. */
  readonly namespace?: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function parts(entry: KubeconfigEntry) {
  const { name, server, credentials } = entry;
  return {
    clusters: {
      name,
      cluster: {
        server,
        'certificate-authority-data': base64(entry.certificateAuthority),
        ...(entry.serverName && { 'tls-server-name': entry.serverName }),
      },
    },
    contexts: {
      name,
      context: { cluster: name, user: name, ...(entry.namespace && { namespace: entry.namespace }) },
    },
    users: { name, user: userOf(credentials) },
  };
}

function userOf(credentials: KubeconfigEntry['credentials']): Readonly<Record<string, string>> {
  if ('token' in credentials) return { token: credentials.token };
  if ('certificateFile' in credentials)
    return { 'client-certificate': credentials.certificateFile, 'client-key': credentials.certificateFile };
  const { cert, key } = credentials.certificate;
  return { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
}

/** A kubeconfig file of one context, as YAML (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/). */
export function buildKubeconfig(entry: KubeconfigEntry): string {
  const { clusters, contexts, users } = parts(entry);
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [clusters],
    contexts: [contexts],
    'current-context': entry.name,
    preferences: {},
    users: [users],
  });
}

/**
 * Puts the entry's context, cluster and user into an existing kubeconfig and makes the context current. Whatever else
 * the file holds (other entries, comments, extensions) stays as it is. Throws where `text` is not a kubeconfig.
 */
export function mergeKubeconfig(text: string, entry: KubeconfigEntry): string {
  if (text.trim() === '') return buildKubeconfig(entry);
  const document = parseConfig(text);
  for (const [section, value] of Object.entries(parts(entry))) {
    const list = sectionOf(document, section);
    const node = document.createNode(value);
    const at = indexOf(list, entry.name);
    if (at < 0) list.add(node);
    else list.set(at, node);
    list.flow = false;
  }
  document.set('current-context', entry.name);
  return document.toString({ lineWidth: 0 });
}

/** The inverse of `mergeKubeconfig`. Leaves no context current where the removed one was. */
export function removeFromKubeconfig(text: string, name: string): string {
  if (text.trim() === '') return text;
  const document = parseConfig(text);
  for (const section of ['clusters', 'contexts', 'users']) {
    const list = document.get(section);
    if (!isSeq(list)) continue;
    const at = indexOf(list, name);
    if (at >= 0) list.delete(at);
  }
  if (document.get('current-context') === name) document.set('current-context', '');
  return document.toString({ lineWidth: 0 });
}

function parseConfig(text: string): Document {
  const document = parseDocument(text);
  const [error] = document.errors;
  // The parser's message goes on with a picture of the place.
  if (error) throw new Error(`not a kubeconfig: ${error.message.split('\n')[0]?.replace(/:$/, '')}`);
  if (!isMap(document.contents)) throw new Error('not a kubeconfig: expected a mapping');
  const kind = document.get('kind');
  if (kind !== undefined && kind !== 'Config') throw new Error(`not a kubeconfig: kind is ${String(kind)}`);
  return document;
}

function sectionOf(document: Document, section: string): YAMLSeq {
  const existing = document.get(section);
  if (isSeq(existing)) return existing;
  if (existing !== undefined && existing !== null) throw new Error(`not a kubeconfig: ${section} is not a list`);
  const list = document.createNode([]);
  document.set(section, list);
  return list;
}

function indexOf(list: YAMLSeq, name: string): number {
  return list.items.findIndex((item): item is YAMLMap => isMap(item) && item.get('name') === name);
}

/** Rewrites a kubeconfig file through `change`, all or nothing, with mode 0600; "" stands for a file that is not there. */
export function updateKubeconfigFile(path: string, change: (text: string) => string): void {
  let target = path;
  let text = '';
  try {
    // People keep ~/.kube/config as a link; replace what it points at.
    target = realpathSync(path);
    text = readFileSync(target, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  let changed: string;
  try {
    changed = change(text);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (text !== '' || changed !== '') replaceFile(target, changed);
}
