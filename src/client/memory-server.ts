/** For tests: an API server in memory that lets everybody do everything, and a client of it. */
import { namespaces } from '../api/core/v1.gen.ts';
import { model } from '../api/model.ts';
import type { CoreOptions } from '../apiserver/core-options.ts';
import { buildResourceTable } from '../apiserver/resource-table.ts';
import { type Core, createCore } from '../apiserver/server-core.ts';
import { strategies } from '../apiserver/strategies/index.ts';
import { loopbackUser } from '../apiserver/user.ts';
import { MemoryStore } from '../store/memory.ts';
import type { Clock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import type { Client } from './client.ts';
import { createInProcessClient } from './in-process.ts';

export interface MemoryServer {
  readonly client: Client;
  readonly core: Core;
  /** The newest revision of the store; stands still when nobody writes. */
  revision(): Promise<number>;
  close(): Promise<void>;
}

export interface MemoryServerOptions {
  readonly clock: Clock;
  /** Made before the server is handed over. */
  readonly namespaces?: readonly string[];
  readonly admission?: CoreOptions['admission'];
}

export async function memoryServer(options: MemoryServerOptions): Promise<MemoryServer> {
  const { clock, admission = [] } = options;
  const store = new MemoryStore({ clock });
  const core = createCore({
    store,
    resources: buildResourceTable(model, strategies),
    admission,
    authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    clock,
    log: silent,
  });
  const client = createInProcessClient(core, { user: loopbackUser, userAgent: 'test' });
  for (const name of options.namespaces ?? []) await client.resource(namespaces).create('', { metadata: { name } });
  return { client, core, revision: () => store.revision(), close: () => core.close() };
}
