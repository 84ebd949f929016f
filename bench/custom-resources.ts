import { type Client, createAll } from './load.ts';

const GROUP = 'bench.example.com';
const FIELDS = 200;
const RULES = 20;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const SERVED_WITHIN_MS = 120_000;

const indices = Array.from({ length: FIELDS }, (_, i) => i);
const isText = (i: number): boolean => i % 2 === 0;

/** Half of the fields are texts, half are numbers; each rule reads two of either. */
const spec = {
  type: 'object',
  required: indices.map((i) => `f${i}`),
  properties: Object.fromEntries(
    indices.map((i) => [
      `f${i}`,
      isText(i) ? { type: 'string', maxLength: 64, pattern: '^[a-z0-9-]+$' } : { type: 'integer', minimum: 0 },
    ]),
  ),
  'x-kubernetes-validations': Array.from({ length: RULES }, (_, i) => {
    const at = (offset: number) => `self.f${(i * 10 + offset) % FIELDS}`;
    const rule = `${at(0)}.startsWith('text') && ${at(0)} != ${at(2)} && ${at(1)} < ${at(3)}`;
    return { rule, message: `rule ${i}` };
  }),
};

function definition(plural: string, kind: string): object {
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

/** An object of the first definition, with all fields; `variant` differs in its texts, not in their length. */
export function custom(variant: number): object {
  const text = (i: number) => `text-${i}-${String(variant).padStart(4, '0')}`;
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'Bench0',
    metadata: { generateName: 'bench-' },
    spec: Object.fromEntries(indices.map((i) => [`f${i}`, isText(i) ? text(i) : i])),
  };
}

export const customPath = (namespace: string): string => `/apis/${GROUP}/v1/namespaces/${namespace}/bench0`;

/** Installs so many definitions, and waits until discovery and the resources themselves tell that all are served. */
export async function installDefinitions(client: Client, count: number, inFlight: number): Promise<void> {
  const name = (i: number) => `bench${i}`;
  await createAll(client, DEFINITIONS, count, Math.min(inFlight, count), (i) => definition(name(i), `Bench${i}`));
  const deadline = performance.now() + SERVED_WITHIN_MS;
  for (;;) {
    const { status, body } = await client.request('GET', `/apis/${GROUP}/v1`);
    const { resources = [] }: { resources?: readonly unknown[] } = status === 200 ? JSON.parse(body.toString()) : {};
    if (resources.length === count) break;
    if (performance.now() > deadline) throw new Error(`${resources.length} of ${count} definitions are served`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (let i = 0; i < count; i++) {
    const { status } = await client.request('GET', `/apis/${GROUP}/v1/${name(i)}?limit=1`);
    if (status !== 200) throw new Error(`${name(i)} is in discovery but is not served: ${status}`);
  }
}
