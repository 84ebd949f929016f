import { type FlowSchema, flowschemas, prioritylevelconfigurations } from '../../api/flowcontrol/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

const FIELD_MANAGER = 'api-priority-and-fairness-config-consumer-v1';
/** Levels that the server has whatever is stored. */
const mandatory: ReadonlySet<string> = new Set(['exempt', 'catch-all']);

/**
 * Tells in the status of a FlowSchema whether its priority level exists.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */
export function startFlowSchemaStatusController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const schemas = context.informers.informer(flowschemas);
  const levels = context.informers.informer(prioritylevelconfigurations);

  return startReconciler(context, {
    name: 'flow-schema-status-controller',
    workers: 1,
    waitFor: [schemas, levels],
    observe: (queue) => {
      const ofLevel = (level: string) => {
        for (const schema of schemas.store.list()) if (levelOf(schema) === level) queue.add(schema.metadata.name);
      };
      return [
        schemas.addHandler({
          onAdd: ({ metadata }) => queue.add(metadata.name),
          onUpdate: (_, { metadata }) => queue.add(metadata.name),
        }),
        levels.addHandler({
          onAdd: ({ metadata }) => ofLevel(metadata.name),
          onDelete: ({ metadata }) => ofLevel(metadata.name),
        }),
      ];
    },
    async reconcile(name) {
      const schema = schemas.store.get('', name);
      if (!schema) return;
      const level = levelOf(schema);
      const found = mandatory.has(level) || levels.store.get('', level) !== undefined;
      const wanted = condition(level, found);
      const had = schema.status?.conditions?.find(({ type }) => type === 'Dangling');
      if (had?.status === wanted.status && had.reason === wanted.reason && had.message === wanted.message) return;
      const conditions = [{ ...wanted, lastTransitionTime: new Date(clock.now()).toISOString().replace(/\.\d+/, '') }];
      const { apiVersion, kind } = schema;
      await client
        .resource(flowschemas)
        .patch(
          '',
          name,
          { type: 'apply', body: { apiVersion, kind, metadata: { name }, status: { conditions } } },
          { subresource: 'status', fieldManager: FIELD_MANAGER, force: true },
        );
    },
  });
}

const levelOf = ({ spec }: FlowSchema): string => spec?.priorityLevelConfiguration?.name ?? '';

function condition(level: string, found: boolean) {
  const object = `This FlowSchema references the PriorityLevelConfiguration object named ${quote(level)}`;
  return found
    ? { type: 'Dangling', status: 'False', reason: 'Found', message: `${object} and it exists` }
    : { type: 'Dangling', status: 'True', reason: 'NotFound', message: `${object} but there is no such object` };
}
