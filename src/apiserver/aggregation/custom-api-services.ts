import { type CustomResourceDefinition, customresourcedefinitions } from '../../api/apiextensions/v1.gen.ts';
import { type APIService, apiservices } from '../../api/apiregistration/v1.gen.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { ApiCore, RequestContext, Target } from '../core.ts';
import { feedObjects } from '../object-feed.ts';
import { loopbackUser } from '../user.ts';

const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';
const internal: RequestContext = { user: loopbackUser, userAgent: 'kube-apiserver', warn: () => {} };
/** Behind everything built in. */
const PRIORITIES = { groupPriorityMinimum: 1000, versionPriority: 100 };
const RETRY_MS = 1_000;

/**
 * Sees to it that each group-version of custom resources has its APIService, and that those go with the last
 * definition that has the group-version. One that somebody made by hand is left alone.
 */
export function registerCustomApiServices(options: {
  readonly core: ApiCore;
  readonly clock: Clock;
  readonly log: Logger;
}): { stop(): void } {
  const { core, clock, log } = options;
  const resource = core.resources.find(apiservices.group, apiservices.version, apiservices.resource);
  if (!resource) throw new Error('the API server does not have apiservices');
  const definitions = new Map<string, CustomResourceDefinition>();
  const live = new Map<string, APIService>();
  /** Names to look at; each is looked at by one at a time. */
  const queue = new Set<string>();
  let working = false;
  let stopped = false;
  let synced = false;
  let timer: { stop(): void } | undefined;

  const wanted = (name: string): { readonly group: string; readonly version: string } | undefined => {
    for (const { spec } of definitions.values()) {
      const version = spec.versions.find((one) => one.served && `${one.name}.${spec.group}` === name);
      if (version) return { group: spec.group, version: version.name };
    }
    return undefined;
  };
  const sync = async (name: string): Promise<void> => {
    const target: Target = { resource, namespace: '', name, subresource: '' };
    const want = wanted(name);
    const have = live.get(name);
    if (want && !have) {
      const object = {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name, labels: { [AUTOMANAGED]: 'true' } },
        spec: { ...want, ...PRIORITIES },
      };
      await core.create(internal, { ...target, name: '' }, { object }, {});
    } else if (!want && have?.metadata.labels?.[AUTOMANAGED] === 'true') {
      await core.delete(internal, target, { preconditions: { uid: have.metadata.uid } });
    }
  };
  const work = async () => {
    if (working || !synced) return;
    working = true;
    for (const name of queue) {
      queue.delete(name);
      try {
        await sync(name);
      } catch (error) {
        if (stopped) return;
        // What somebody else did meanwhile is told by the watch.
        if (isAlreadyExists(error) || isConflict(error) || isNotFound(error)) continue;
        log.warn({ err: error, apiService: name }, 'cannot register APIService');
        timer = clock.after(RETRY_MS, () => enqueue([name]));
      }
    }
    working = false;
  };
  const enqueue = (names: Iterable<string>) => {
    for (const name of names) queue.add(name);
    void work();
  };
  const namesOf = ({ spec }: CustomResourceDefinition) => spec.versions.map(({ name }) => `${name}.${spec.group}`);
  const ofDefinitions = feedObjects(
    core,
    customresourcedefinitions,
    {
      set: (definition) => {
        const before = definitions.get(definition.metadata.name);
        definitions.set(definition.metadata.name, definition);
        enqueue([...namesOf(definition), ...(before ? namesOf(before) : [])]);
      },
      delete: (definition) => {
        definitions.delete(definition.metadata.name);
        enqueue(namesOf(definition));
      },
    },
    clock,
  );
  const ofServices = feedObjects(
    core,
    apiservices,
    {
      set: (service) => {
        live.set(service.metadata.name, service);
        if (service.metadata.labels?.[AUTOMANAGED] === 'true') enqueue([service.metadata.name]);
      },
      delete: (service) => {
        live.delete(service.metadata.name);
        enqueue([service.metadata.name]);
      },
    },
    clock,
  );
  void Promise.all([ofDefinitions.ready, ofServices.ready]).then(() => {
    synced = true;
    void work();
  });
  return {
    stop() {
      stopped = true;
      timer?.stop();
      ofDefinitions.stop();
      ofServices.stop();
    },
  };
}
