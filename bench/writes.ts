/**
 * What a create costs the API server alone: no HTTP, no disk, no other process. Runs of a few hundred are timed and the
 * quickest is told, since others may be at work on the machine. node bench/writes.ts [RUNS]
 */
import { generateKeyPairSync } from 'node:crypto';
import { serviceaccounts } from '../src/api/core/v1.gen.ts';
import { createControlPlane } from '../src/cluster/control-plane.ts';
import { MemoryStore } from '../src/store/memory.ts';
import { realClock } from '../src/utils/clock.ts';
import { silent } from '../src/utils/log.ts';
import { configMap, pod, variantOf } from './objects.ts';

const RUNS = Number(process.argv[2] ?? 30);
const EACH = 256;
const IN_FLIGHT = 32;
const VARIANTS = 64;

const clock = realClock;
const store = new MemoryStore({ clock });
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const plane = await createControlPlane({
  store,
  clock,
  log: silent,
  serviceAccountKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  authorizationMode: 'Node,RBAC',
  serviceClusterIpRange: '10.96.0.0/16',
  serviceNodePorts: [30000, 32767],
});
// No controller makes the account that every pod needs.
await plane
  .client('bench')
  .resource(serviceaccounts)
  .create('default', { metadata: { name: 'default' } });
const context = {
  user: { name: 'bench', groups: ['system:masters', 'system:authenticated'] },
  userAgent: 'h2load',
  warn: () => undefined,
};

async function measure(
  name: string,
  plural: string,
  object: Parameters<typeof variantOf>[0],
  variants: number,
): Promise<void> {
  const resource = plane.core.resources.find('', 'v1', plural);
  if (!resource) throw new Error(`${plural} are not served`);
  const target = { resource, namespace: 'default', name: '', subresource: '' };
  const bodies = Array.from({ length: variants }, (_, i) => Buffer.from(JSON.stringify(variantOf(object, i))));
  let next = 0;
  const create = async () => {
    const bytes = bodies[next++ % variants] ?? Buffer.alloc(0);
    await plane.core.create(context, target, { bytes, mediaType: 'application/json' }, {});
  };
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const start = process.cpuUsage();
    for (let i = 0; i < EACH; i += IN_FLIGHT) await Promise.all(Array.from({ length: IN_FLIGHT }, create));
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / EACH);
  }
  console.log(`${name}: ${best.toFixed(0)} us each`);
}

await measure('config maps', 'configmaps', configMap, VARIANTS);
await measure('pods, each unlike the last', 'pods', pod, VARIANTS);
await measure('pods of one template', 'pods', pod, 1);
process.exit();
