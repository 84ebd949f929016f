/**
 * What a request is about, read from its method and path alone (k8s.io/apiserver's RequestInfo):
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
 */
export interface RequestInfo {
  /** For resources the verb of the API (get, list, watch, ...), for other paths the method in lower case. */
  verb: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** "" for cluster scope and for all namespaces. */
  readonly namespace: string;
  /** "" for collections; may come from a field selector on metadata.name. */
  name: string;
  /** The name stood in the path. */
  readonly named: boolean;
  /** What follows the subresource, with its leading slash: the path that pods/proxy and its like pass on. */
  readonly rest: string;
  /** The deprecated form /api/v1/watch/... */
  readonly watchPath: boolean;
}

const verbs: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

const other = (verb: string, path: string): RequestInfo => ({
  verb,
  path,
  isResource: false,
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  named: false,
  rest: '',
  watchPath: false,
});

/** In place of it: the path cannot be decoded, or names a verb without saying on what. */
export function parseRequestInfo(
  method: string,
  rawPath: string,
  query: URLSearchParams | undefined,
): RequestInfo | 'undecodable' | 'nothing named' {
  const path = rawPath.includes('%') ? decode(rawPath) : rawPath;
  if (path === undefined) return 'undecodable';
  const core = path.startsWith('/api/');
  if (!core && !path.startsWith('/apis/')) return other(method.toLowerCase(), path);

  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length < (core ? 3 : 4)) return other(method.toLowerCase(), path);
  let at = 1;
  const group = core ? '' : (parts[at++] ?? '');
  const version = parts[at++] ?? '';
  let verb = verbs.get(method) ?? '';
  const watchPath = parts[at] === 'watch';
  const proxyPath = parts[at] === 'proxy';
  if (watchPath || proxyPath) {
    verb = watchPath ? 'watch' : 'proxy';
    if (++at >= parts.length) return 'nothing named';
  }

  let namespace = '';
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    namespace = parts[at + 1] ?? '';
    const next = parts[at + 2];
    if (next !== undefined && next !== 'status' && next !== 'finalize') at += 2;
  }
  const resource = parts[at] ?? '';
  let name = parts[at + 1] ?? '';
  const named = name !== '';
  const subresource = proxyPath ? '' : (parts[at + 2] ?? '');

  if (!named && verb === 'get') {
    verb = 'list';
    if (query) {
      if (booleanParameter(query, 'watch')) verb = 'watch';
      name = nameInSelector(query.get('fieldSelector'));
    }
  }
  if (!named && verb === 'delete') verb = 'deletecollection';
  return {
    verb,
    path,
    isResource: true,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    named,
    rest: subresource === '' ? '' : after(path, at + 3),
    watchPath,
  };
}

/** Go's reading of a boolean query parameter: present means true, but for "false" and "0". */
export function booleanParameter(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const lower = value.toLowerCase();
  return lower !== 'false' && lower !== '0';
}

/** The rest of a path after `count` segments, keeping doubled and trailing slashes, which may mean something behind a proxy. */
function after(path: string, count: number): string {
  let at = 0;
  for (let seen = 0; seen < count; seen++) {
    while (path[at] === '/') at++;
    while (at < path.length && path[at] !== '/') at++;
  }
  return path.slice(at);
}

/** A selector that pins metadata.name makes a list or watch one of a single object, for authorization too. */
export function nameInSelector(selector: string | null): string {
  if (!selector?.includes('metadata.name')) return '';
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=].*)$/.exec(term.trim());
    const name = match?.[1] ?? '';
    if (name && name !== '.' && name !== '..' && !/[/%]/.test(name)) return name;
  }
  return '';
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
