import type { ComponentStatus } from '../../../api/core/v1.gen.ts';
import { define } from '../define.ts';

/** Computed when asked for (../../component-statuses.ts); there is nothing to write. */
export const componentStatus = define<ComponentStatus>({
  tableCells: ({ metadata, conditions }) => {
    const healthy = conditions?.find(({ type }) => type === 'Healthy');
    const status = healthy ? (healthy.status === 'True' ? 'Healthy' : 'Unhealthy') : 'Unknown';
    return [metadata.name, status, healthy?.message ?? '', healthy?.error ?? ''];
  },
});
