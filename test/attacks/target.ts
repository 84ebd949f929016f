import { type Reply, startApiServer, type TestApiServer } from '../../src/cluster/test-api-server.ts';

/** Who asks, by the names in the token file below. */
export type Somebody = 'admin' | 'mallory' | 'editor' | 'node' | 'other-node';

const tokens = [
  'admin-token,admin,1,"system:masters"',
  'mallory-token,mallory,2,"team-a"',
  'editor-token,editor,3,"team-b"',
  'node-token,system:node:one,4,"system:nodes"',
  'other-node-token,system:node:two,5,"system:nodes"',
].join('\n');

/** What is attacked: an API server with everything that guards it, and clients for its users. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  ask(who: Somebody, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** As the administrator, of what has to succeed. */
  done: TestApiServer['done'];
  /** With whatever headers, and no token of ours. */
  bare: TestApiServer['ask'];
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

export async function startTarget(): Promise<Target> {
  const server = await startApiServer({ tokens });
  const done: Target['done'] = (method, path, body, headers) =>
    server.done(method, path, body, { ...bearer('admin-token'), ...headers });
  // The default account of the namespace, which a controller would make.
  await done('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  return {
    port: server.port,
    ask: (who, method, path, body, headers) =>
      server.ask(method, path, body, { ...bearer(`${who}-token`), ...headers }),
    done,
    bare: server.ask,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
