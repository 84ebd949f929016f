import type { APIService } from '../../../api/apiregistration/v1.gen.ts';
import { validateApiService } from '../../validation/api-machinery.ts';
import { age } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus, updateOnlyStatus } from '../spec-and-status.ts';

/** What this server serves itself is always there. */
const localAvailable = (now: number) => ({
  type: 'Available',
  status: 'True',
  lastTransitionTime: `${new Date(now).toISOString().slice(0, 19)}Z`,
  reason: 'Local',
  message: 'Local APIServices are always available',
});

function availableCell({ status }: APIService): string {
  const available = status.conditions?.find(({ type }) => type === 'Available');
  if (!available) return 'Unknown';
  return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
}

/** https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/ */
export const apiService = define<APIService>({
  validateCreate: validateApiService,
  validateUpdate: validateApiService,
  setDefaults: ({ spec }) => {
    if (spec.service) spec.service.port ??= 443;
  },
  prepareForCreate: (service, { now }) => {
    service.status = service.spec.service ? {} : { conditions: [localAvailable(now)] };
  },
  prepareForUpdate: keepStatus<APIService>,
  subresources: { status: { prepareForUpdate: updateOnlyStatus<APIService> } },
  allowUnconditionalUpdate: false,
  tableCells: (service, now) => {
    const { service: backend } = service.spec;
    const where = backend ? `${backend.namespace ?? ''}/${backend.name ?? ''}` : 'Local';
    return [service.metadata.name, where, availableCell(service), age(service, now)];
  },
});
