import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/flowcontrol/v1.gen.ts';
import {
  validateFlowSchema,
  validateFlowSchemaStatusUpdate,
  validatePriorityLevel,
  validatePriorityLevelStatusUpdate,
} from '../../validation/flowcontrol.ts';
import { age, NONE } from '../cells.ts';
import { define } from '../define.ts';
import { updateOnlyStatus, updateSpec } from '../spec-and-status.ts';

function danglingCell({ status }: FlowSchema): string {
  const dangling = status.conditions?.find(({ type }) => type === 'Dangling');
  return dangling?.status === 'True' || dangling?.status === 'False' ? dangling.status : '?';
}

/** https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ */
export const flowSchema = define<FlowSchema>({
  validateCreate: validateFlowSchema,
  validateUpdate: validateFlowSchema,
  setDefaults: ({ spec }) => {
    if (!spec.matchingPrecedence) spec.matchingPrecedence = 1000;
  },
  prepareForCreate: (schema) => {
    schema.metadata.generation = 1;
    schema.status = {};
  },
  prepareForUpdate: updateSpec<FlowSchema>,
  subresources: {
    status: { prepareForUpdate: updateOnlyStatus<FlowSchema>, validateUpdate: validateFlowSchemaStatusUpdate },
  },
  // What is tried first comes first; lists come by name already.
  tableOrder: (a, b) => (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0),
  tableCells: (schema, now) => [
    schema.metadata.name,
    schema.spec.priorityLevelConfiguration?.name ?? '',
    schema.spec.matchingPrecedence ?? 0,
    schema.spec.distinguisherMethod?.type ?? NONE,
    age(schema, now),
    danglingCell(schema),
  ],
});

export const priorityLevel = define<PriorityLevelConfiguration>({
  validateCreate: validatePriorityLevel,
  validateUpdate: validatePriorityLevel,
  setDefaults: ({ spec }) => {
    if (spec.exempt) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    const { limited } = spec;
    if (!limited) return;
    limited.nominalConcurrencyShares ??= 30;
    limited.lendablePercent ??= 0;
    const { queuing } = limited.limitResponse ?? {};
    if (!queuing) return;
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  },
  prepareForCreate: (level) => {
    level.metadata.generation = 1;
    level.status = {};
  },
  prepareForUpdate: updateSpec<PriorityLevelConfiguration>,
  subresources: {
    status: {
      prepareForUpdate: updateOnlyStatus<PriorityLevelConfiguration>,
      validateUpdate: validatePriorityLevelStatusUpdate,
    },
  },
  tableCells: (level, now) => {
    const { type, limited } = level.spec;
    const queuing = limited?.limitResponse?.queuing;
    return [
      level.metadata.name,
      type,
      limited?.nominalConcurrencyShares ?? NONE,
      queuing?.queues ?? NONE,
      queuing?.handSize ?? NONE,
      queuing?.queueLengthLimit ?? NONE,
      age(level, now),
    ];
  },
});
