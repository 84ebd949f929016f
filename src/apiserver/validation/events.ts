import type { Event, ObjectReference } from '../../api/core/v1.gen.ts';
import { dns1123SubdomainProblems } from '../../api/names.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { addAll, checkImmutable, checkQualifiedName, checkSubdomain, type Found } from './values.ts';

const MAX_TEXT = 128;
const MAX_MESSAGE = 1024;

/**
 * Events are one kind under two groups: `strict` is events.k8s.io, which asks for more than the core group did.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export function validateEvent(event: Event, strict: boolean): Found {
  const found: Found = [];
  checkEvent(event, strict, found);
  if (!strict) return found;
  if (event.metadata.name) checkSubdomain(event.metadata.name, Path.of('metadata', 'name'), found);
  checkSeries(event, found);
  if (!event.eventTime) found.push(fieldErrors.required(Path.of('eventTime')));
  const type = event.type ?? '';
  if (type !== 'Normal' && type !== 'Warning') {
    found.push(fieldErrors.invalid(Path.of('type'), '', `has invalid value: ${type}`));
  }
  const { firstTimestamp, lastTimestamp, count, source } = event;
  const old = { firstTimestamp, lastTimestamp, count, source: source?.component || source?.host };
  for (const [field, value] of Object.entries(old)) {
    if (value) found.push(fieldErrors.invalid(Path.of(field), '', 'needs to be unset'));
  }
  return found;
}

export function validateEventUpdate(event: Event, old: Event, strict: boolean): Found {
  const found: Found = [];
  checkEvent(event, strict, found);
  if (!strict) return found;
  if (!deepEqual(event.series, old.series)) checkSeries(event, found);
  const fixed = (field: string, value: unknown, before: unknown): void =>
    checkImmutable(value, before, Path.of(field), found);
  fixed('involvedObject', shownReference(event.involvedObject), shownReference(old.involvedObject));
  fixed('reason', event.reason ?? '', old.reason ?? '');
  fixed('message', event.message ?? '', old.message ?? '');
  fixed('source', shownSource(event), shownSource(old));
  fixed('firstTimestamp', event.firstTimestamp ?? null, old.firstTimestamp ?? null);
  fixed('lastTimestamp', event.lastTimestamp ?? null, old.lastTimestamp ?? null);
  fixed('count', event.count ?? 0, old.count ?? 0);
  // Asked twice, and answered twice.
  fixed('reason', event.reason ?? '', old.reason ?? '');
  fixed('type', event.type ?? '', old.type ?? '');
  fixed('eventTime', event.eventTime ?? null, old.eventTime ?? null);
  fixed('action', event.action ?? '', old.action ?? '');
  fixed(
    'related',
    event.related ? shownReference(event.related) : null,
    old.related ? shownReference(old.related) : null,
  );
  fixed('reportingController', event.reportingComponent ?? '', old.reportingComponent ?? '');
  fixed('reportingInstance', event.reportingInstance ?? '', old.reportingInstance ?? '');
  return found;
}

/** As messages show them, by the names that the fields have in Go. */
const shownReference = (ref: ObjectReference | undefined): unknown => ({
  Kind: ref?.kind ?? '',
  Namespace: ref?.namespace ?? '',
  Name: ref?.name ?? '',
  UID: ref?.uid ?? '',
  APIVersion: ref?.apiVersion ?? '',
  ResourceVersion: ref?.resourceVersion ?? '',
  FieldPath: ref?.fieldPath ?? '',
});

const shownSource = ({ source }: Event): unknown => ({ Component: source?.component ?? '', Host: source?.host ?? '' });

function checkSeries({ series }: Event, found: Found): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) found.push(fieldErrors.invalid(Path.of('series.count'), '', 'should be at least 2'));
  if (!series.lastObservedTime) found.push(fieldErrors.required(Path.of('series.lastObservedTime')));
}

/** What holds for both groups. Events with an eventTime are those of the newer kind, and say who reports what. */
function checkEvent(event: Event, strict: boolean, found: Found): void {
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  const home = namespace === 'default' || (event.eventTime ? namespace === 'kube-system' : namespace === '');
  const agrees = about === '' ? home : Boolean(event.eventTime) || namespace === about;
  if (!agrees) {
    const at = Path.of('involvedObject', 'namespace');
    found.push(fieldErrors.invalid(at, about, 'does not match event.namespace'));
  }
  if (event.eventTime) checkReport(event, strict, found);
  addAll(found, Path.of('namespace'), namespace, dns1123SubdomainProblems(namespace));
}

function checkReport(event: Event, strict: boolean, found: Found): void {
  const at = Path.of(strict ? 'reportingController' : 'reportingComponent');
  const { reportingComponent = '', message = '' } = event;
  if (!reportingComponent) found.push(fieldErrors.required(at));
  checkQualifiedName(reportingComponent, at, found);
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const value = event[field] ?? '';
    if (value === '') found.push(fieldErrors.required(Path.of(field)));
    checkLength(value, MAX_TEXT, field, found);
  }
  checkLength(message, MAX_MESSAGE, 'message', found);
}

function checkLength(value: string, most: number, field: string, found: Found): void {
  if (Buffer.byteLength(value) <= most) return;
  found.push(fieldErrors.invalid(Path.of(field), '', `can have at most ${most} characters`));
}
