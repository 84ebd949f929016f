import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { scenarios } from './client-node/scenarios.ts';
import { whyNoContainers } from './requirements.ts';
import { SkiffCluster } from './skiff-cluster.ts';

const reason = whyNoContainers();
if (reason) console.log(`end-to-end tests with @kubernetes/client-node are skipped: ${reason}`);

const program = fileURLToPath(new URL('./client-node-scenarios.ts', import.meta.url));

interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly error?: string;
}

// The client has to be where the cluster is, in its network namespace: a program there, whose outcomes are told here.
describe.skipIf(reason !== undefined)('@kubernetes/client-node', () => {
  const outcomes = new Map(scenarios.map(({ name }) => [name, Promise.withResolvers<Outcome>()]));
  let cluster: SkiffCluster;

  beforeAll(async () => {
    cluster = await SkiffCluster.create('clnode');
    await cluster.up();
    const child = cluster.namespace.spawn(process.execPath, [program, cluster.dataDir], cluster.env);
    if (!child.stdout) throw new Error('the program has no output');
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    createInterface(child.stdout).on('line', (line) => {
      const outcome = JSON.parse(line) as Outcome;
      outcomes.get(outcome.name)?.resolve(outcome);
    });
    child.on('close', (code) => {
      const error = `the program ended with ${code}: ${complaints}`;
      for (const [name, { resolve }] of outcomes) resolve({ name, ok: false, error });
    });
  });

  afterAll(async () => {
    await cluster?.remove();
  });

  for (const { name } of scenarios) {
    it(name, async () => {
      const outcome = await outcomes.get(name)?.promise;
      if (!outcome?.ok) throw new Error(outcome?.error);
    });
  }
});
