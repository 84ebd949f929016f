import {
  type FlowSchema,
  flowschemas,
  type PriorityLevelConfiguration,
  prioritylevelconfigurations,
} from '../../api/flowcontrol/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { ApiCore } from '../core.ts';
import { feedObjects, type ObjectSink } from '../object-feed.ts';
import { Fairness, type FairnessOptions } from './fairness.ts';

/** Fairness by the objects that the core has, whenever they change. Ready when the first of them are in force. */
export async function startFairness(
  core: ApiCore,
  options: FairnessOptions,
): Promise<{ readonly fairness: Fairness; stop(): void }> {
  const { clock } = options;
  const fairness = new Fairness(options);
  const levels = new Map<string, PriorityLevelConfiguration>();
  const schemas = new Map<string, FlowSchema>();
  let due = false;
  let stopped = false;
  /** Once for all the changes of a turn. */
  const changed = () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      if (!stopped) fairness.configure([...levels.values()], [...schemas.values()]);
    });
  };
  const feeds = [
    feedObjects(core, prioritylevelconfigurations, sink(levels, changed), clock),
    feedObjects(core, flowschemas, sink(schemas, changed), clock),
  ];
  await Promise.all(feeds.map((feed) => feed.ready));
  fairness.configure([...levels.values()], [...schemas.values()]);
  return {
    fairness,
    stop() {
      stopped = true;
      for (const feed of feeds) feed.stop();
      fairness.close();
    },
  };
}

function sink<T extends KubeObject>(objects: Map<string, T>, changed: () => void): ObjectSink<T> {
  return {
    set(object) {
      const { name, uid, generation } = object.metadata;
      const known = objects.get(name)?.metadata;
      objects.set(name, object);
      // A status changes nothing.
      if (known?.uid !== uid || known.generation !== generation) changed();
    },
    delete({ metadata }) {
      objects.delete(metadata.name);
      changed();
    },
  };
}
