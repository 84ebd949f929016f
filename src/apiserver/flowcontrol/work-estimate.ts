import type { RequestInfo } from '../http/request-info.ts';
import type { WorkEstimate } from './ticket.ts';

/** A list occupies a seat for so many bytes that are in memory at once. */
const BYTES_PER_SEAT = 100_000;
/** A list out of the cache is sent piece by piece, however long it is. */
const MOST_BYTES_AT_ONCE = 1_000_000;
const MOST_LIST_SEATS = 100;
const MOST_WRITE_SEATS = 10;
const WATCHES_PER_SEAT = 10;
/** What an event costs those seats (milliseconds). */
const EVENT_MS = 5;

/** Of a resource: how many objects there are, and how many bytes one has. */
export interface ObjectStatistics {
  readonly count: number;
  readonly averageBytes: number;
}

const oneSeat: WorkEstimate = { initialSeats: 1, finalSeats: 0, lingersMs: 0 };

const writes: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);

/** Whether a request will change what watches see. */
export const isWrite = ({ verb, resource, subresource }: RequestInfo): boolean =>
  writes.has(verb) && !(resource === 'serviceaccounts' && subresource === 'token');

/** Whether it will read a whole list: lists, and watches that begin with one. */
export function isList({ verb }: RequestInfo, query: URLSearchParams | undefined): boolean {
  if (verb === 'list') return true;
  if (verb !== 'watch') return false;
  const version = query?.get('resourceVersion') ?? '';
  return version === '' || version === '0' || query?.get('sendInitialEvents') === 'true';
}

/** Of anything that is neither. */
export const plainEstimate = (): WorkEstimate => oneSeat;

/** `mostSeats`: what the priority level grants one request; 0 where it does not care. */
export function listEstimate(
  { verb, name }: RequestInfo,
  query: URLSearchParams | undefined,
  statistics: ObjectStatistics | undefined,
  mostSeats: number,
): WorkEstimate {
  if (!statistics) return oneSeat;
  const { count, averageBytes } = statistics;
  const limit = Number(query?.get('limit') ?? 0);
  const limited = limit > 0 && limit < count ? limit : count;
  const past = verb === 'list' && (query?.get('resourceVersionMatch') === 'Exact' || Boolean(query?.get('continue')));
  const selects = Boolean(query?.get('fieldSelector') || query?.get('labelSelector'));
  const objects = name !== '' ? 1 : past && selects ? Math.max(limited, count / 2) : limited;
  const bytes = past ? objects * averageBytes : Math.min(objects * averageBytes, MOST_BYTES_AT_ONCE);
  const most = mostSeats === 0 ? MOST_LIST_SEATS : Math.min(mostSeats, MOST_LIST_SEATS);
  const seats = Math.max(1, Math.min(most, Math.ceil(bytes / BYTES_PER_SEAT)));
  return seats === 1 ? oneSeat : { initialSeats: seats, finalSeats: 0, lingersMs: 0 };
}

/** Of a write that so many watches will be shown. */
export function writeEstimate(watches: number, mostSeats: number): WorkEstimate {
  if (watches < WATCHES_PER_SEAT) return oneSeat;
  const wanted = Math.ceil(watches / WATCHES_PER_SEAT);
  const most = mostSeats === 0 ? MOST_WRITE_SEATS : Math.min(mostSeats, MOST_WRITE_SEATS);
  const finalSeats = Math.min(wanted, most);
  // The same work, narrower and longer: a wide request keeps others waiting until all its seats are free.
  return { initialSeats: 1, finalSeats, lingersMs: (wanted * EVENT_MS) / finalSeats };
}
