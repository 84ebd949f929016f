import type { Event } from '../../../api/core/v1.gen.ts';
import type { Event as NewEvent } from '../../../api/events/v1.gen.ts';
import { validateEvent, validateEventUpdate } from '../../validation/events.ts';
import { since, UNKNOWN } from '../cells.ts';
import { define } from '../define.ts';

/** Events tell of what just happened; they go after an hour. */
const TTL_SECONDS = 3600;

/** An event in either of its two shapes, as far as tables and selectors need it. */
interface Told {
  readonly object: Event['involvedObject'] | undefined;
  readonly component: string;
  readonly instance: string;
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly count: number | undefined;
  readonly message: string | undefined;
}

function cells(event: Event | NewEvent, told: Told, now: number): readonly unknown[] {
  const first = since(told.first ?? event.eventTime, now);
  const { series } = event;
  const last = series ? since(series.lastObservedTime, now) : told.last ? since(told.last, now) : first;
  const kind = (told.object?.kind ?? '').toLowerCase();
  return [
    last,
    event.type ?? '',
    event.reason ?? '',
    told.object?.name ? `${kind}/${told.object.name}` : kind,
    told.object?.fieldPath ?? '',
    told.instance ? `${told.component}, ${told.instance}` : told.component,
    (told.message ?? '').trim(),
    first ?? UNKNOWN,
    series ? (series.count ?? 0) : told.count || 1,
    event.metadata.name,
  ];
}

function selectable(
  prefix: string,
  object: Told['object'],
  event: Event | NewEvent,
  component: string,
  source: string,
): Record<string, string> {
  return {
    [`${prefix}.kind`]: object?.kind ?? '',
    [`${prefix}.namespace`]: object?.namespace ?? '',
    [`${prefix}.name`]: object?.name ?? '',
    [`${prefix}.uid`]: object?.uid ?? '',
    [`${prefix}.apiVersion`]: object?.apiVersion ?? '',
    [`${prefix}.resourceVersion`]: object?.resourceVersion ?? '',
    [`${prefix}.fieldPath`]: object?.fieldPath ?? '',
    reason: event.reason ?? '',
    reportingComponent: component,
    source,
    type: event.type ?? '',
  };
}

export const event = define<Event>({
  validateCreate: (event, { group }) => validateEvent(event, group !== ''),
  validateUpdate: (event, old, { group }) => validateEventUpdate(event, old, group !== ''),
  prepareForCreate: () => {},
  prepareForUpdate: () => {},
  allowCreateOnUpdate: true,
  ttlSeconds: () => TTL_SECONDS,
  selectableFields: (event) =>
    selectable(
      'involvedObject',
      event.involvedObject,
      event,
      event.reportingComponent ?? '',
      event.source?.component || event.reportingComponent || '',
    ),
  tableCells: (event, now) =>
    cells(
      event,
      {
        object: event.involvedObject,
        component: event.source?.component || event.reportingComponent,
        instance: event.source?.host || event.reportingInstance,
        first: event.firstTimestamp,
        last: event.lastTimestamp,
        count: event.count,
        message: event.message,
      },
      now,
    ),
});

/** The same objects as events.k8s.io shows them. */
export const newEvent = define<NewEvent>({
  prepareForCreate: () => {},
  prepareForUpdate: () => {},
  allowCreateOnUpdate: true,
  ttlSeconds: () => TTL_SECONDS,
  selectableFields: (event) =>
    selectable(
      'regarding',
      event.regarding,
      event,
      event.reportingController ?? '',
      event.deprecatedSource?.component || event.reportingController || '',
    ),
  tableCells: (event, now) =>
    cells(
      event,
      {
        object: event.regarding,
        component: event.deprecatedSource?.component || event.reportingController || '',
        instance: event.deprecatedSource?.host || event.reportingInstance || '',
        first: event.deprecatedFirstTimestamp,
        last: event.deprecatedLastTimestamp,
        count: event.deprecatedCount,
        message: event.note,
      },
      now,
    ),
});
