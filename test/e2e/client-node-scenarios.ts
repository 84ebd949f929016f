/**
 * What @kubernetes/client-node does with a cluster. Reads the kubeconfig as the library does ($KUBECONFIG); prints a
 * line of JSON for each scenario: {"name", "ok", "ms", "error"}.
 *
 * Usage: client-node-scenarios.ts DATA_DIR [PATTERN]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { clusterPaths } from '../../src/cluster/paths.ts';
import { Context, eventually } from './client-node/context.ts';
import { scenarios } from './client-node/scenarios.ts';

const [dataDir = '', pattern = ''] = process.argv.slice(2);
const serverPid = () =>
  Number.parseInt(readFileSync(join(clusterPaths(dataDir).runDir, 'server.pid.command'), 'utf8'), 10);
const config = new KubeConfig();
config.loadFromDefault();

const chosen = scenarios.filter((scenario) => scenario.name.includes(pattern));
for (const [index, { name, run }] of chosen.entries()) {
  const t = new Context(config, `client-node-${process.pid}-${index}`, serverPid);
  const started = performance.now();
  let error: string | undefined;
  try {
    await t.core.createNamespace({ body: { metadata: { name: t.namespace } } });
    await eventually(() => t.core.readNamespacedServiceAccount({ name: 'default', namespace: t.namespace }));
    await run(t);
  } catch (cause) {
    error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  }
  const ms = Math.round(performance.now() - started);
  console.log(JSON.stringify({ name, ok: error === undefined, ms, error }));
  await t.core.deleteNamespace({ name: t.namespace }).catch(() => {});
}
// Sockets of streams and watches that were cut off may still be open.
process.exit(0);
