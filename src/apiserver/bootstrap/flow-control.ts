import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { BootstrapClient } from './ensure.ts';
import { type BootstrapObjects, bootstrapObjects } from './objects.ts';

const AUTOUPDATE = 'apf.kubernetes.io/autoupdate-spec';
/** Their specs are the server's own, whatever is written into them. */
const mandatory: ReadonlySet<string> = new Set(['exempt', 'catch-all']);
const KEEP_MS = 60_000;

/**
 * Makes the flow schemas and priority levels that every cluster has and repairs their specs, unless their annotation
 * says that they are somebody else's; takes away those that carry the annotation and are none of these.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#defaults
 */
export async function ensureFlowControl(client: BootstrapClient): Promise<void> {
  const { priorityLevels, flowSchemas } = bootstrapObjects();
  await ensure(client, priorityLevels, ({ metadata, spec }, wanted) => {
    // What the exempt level has and lends is for the cluster's owner to say.
    if (metadata.name !== 'exempt' || !spec.exempt) return equal(spec, wanted.spec);
    return equal({ ...spec, exempt: undefined }, { ...wanted.spec, exempt: undefined });
  });
  await ensure(client, flowSchemas, ({ spec }, wanted) => equal(spec, wanted.spec));
}

/** Does it again every minute; the function it returns ends that. */
export function keepFlowControl(client: BootstrapClient, clock: Clock, log: Logger): () => void {
  let timer: Timer | undefined;
  let stopped = false;
  const later = () => {
    if (stopped) return;
    timer = clock.after(KEEP_MS, () => {
      ensureFlowControl(client)
        .catch((error: unknown) => log.warn({ err: error }, 'flow control objects could not be repaired'))
        .then(later);
    });
  };
  later();
  return () => {
    stopped = true;
    timer?.stop();
  };
}

async function ensure<T extends KubeObject & { readonly spec: object }>(
  client: BootstrapClient,
  { type, objects }: BootstrapObjects<T>,
  isRight: (live: T, wanted: T) => boolean,
): Promise<void> {
  const resource = client.resource(type);
  const live = new Map((await resource.list('')).items.map((object) => [object.metadata.name, object]));
  const wantedNames = new Set<string>();
  await Promise.all(
    objects.map((wanted) => {
      // What is made at the start has names and specs.
      const { metadata, spec } = wanted as T;
      wantedNames.add(metadata.name);
      const found = live.get(metadata.name);
      if (!found) return tolerate(resource.create('', wanted));
      const says = parseBoolean(found.metadata.annotations?.[AUTOUPDATE]);
      const ours = mandatory.has(metadata.name) || (says ?? found.metadata.generation === 1);
      const wrong = ours && !isRight(found, wanted as T);
      if (!wrong && says === ours) return undefined;
      const annotations = { ...found.metadata.annotations, [AUTOUPDATE]: String(ours) };
      return tolerate(
        resource.update({ ...found, ...(wrong && { spec }), metadata: { ...found.metadata, annotations } }),
      );
    }),
  );
  for (const [name, { metadata }] of live) {
    if (!wantedNames.has(name) && parseBoolean(metadata.annotations?.[AUTOUPDATE]))
      await tolerate(resource.delete('', name));
  }
}

/** Another API server over the same store does the same work at the same time. */
async function tolerate(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
  }
}

/** As Go reads one. */
function parseBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** Whether two values say the same; what is absent and what is undefined are one. */
function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => equal(one, b[i]));
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return [...new Set([...left.keys(), ...right.keys()])].every((key) => equal(left.get(key), right.get(key)));
}
