import { commonHeaders } from '../http/answer.ts';
import type { PathHandler, PathRouter } from '../http/paths.ts';
import type { Fairness } from './fairness.ts';
import type { PriorityLevel } from './level.ts';
import type { Ticket } from './ticket.ts';

const ROOT = '/debug/api_priority_and_fairness/';

type Row = readonly (string | number | boolean)[];

/**
 * What fairness is about right now, as tables: the levels, their queues, their requests.
 * https://kubernetes.io/docs/reference/debug-cluster/flow-control/
 */
export function installFairnessDebug(paths: PathRouter, fairness: Fairness): void {
  const show =
    (rows: (levels: readonly PriorityLevel[], details: boolean) => readonly Row[]): PathHandler =>
    ({ exchange, query }) => {
      const levels = [...fairness.levels].sort((a, b) => (a.name < b.name ? -1 : 1));
      const text = aligned(rows(levels, Boolean(query?.get('includeRequestDetails'))));
      exchange.respond(200, commonHeaders(exchange, 'text/plain; charset=utf-8'), [Buffer.from(text)]);
    };
  paths.add(`${ROOT}dump_priority_levels`, show(levelRows), false);
  paths.add(`${ROOT}dump_queues`, show(queueRows), false);
  paths.add(`${ROOT}dump_requests`, show(requestRows), false);
}

const levelRows = (levels: readonly PriorityLevel[]): readonly Row[] => [
  words(`PriorityLevelName ActiveQueues IsIdle IsQuiescing WaitingRequests ExecutingRequests DispatchedRequests
    RejectedRequests TimedoutRequests CancelledRequests`),
  ...levels.map(({ name, quiescing, requests }) => [
    name,
    requests.queues.filter(({ waiting }) => waiting.size > 0).length,
    requests.idle,
    quiescing,
    requests.waiting,
    requests.executing.size,
    requests.totals.dispatched,
    requests.totals.rejected,
    // kube-apiserver counts them with the cancelled.
    0,
    requests.totals.cancelled,
  ]),
];

const queueRows = (levels: readonly PriorityLevel[]): readonly Row[] => [
  words(`PriorityLevelName Index PendingRequests ExecutingRequests SeatsInUse NextDispatchR InitialSeatsSum MaxSeatsSum
    TotalWorkSum`),
  ...levels.flatMap(({ name, requests }) =>
    requests.queues.map((queue) => [
      name,
      queue.index,
      queue.waiting.size,
      queue.executing,
      queue.seatsInUse,
      seatSeconds(queue.nextStart),
      [...queue.waiting].reduce((sum, { initialSeats }) => sum + initialSeats, 0),
      queue.seatsWaiting,
      seatSeconds(queue.workWaiting),
    ]),
  ),
];

const details = words('UserName Verb APIPath Namespace Name APIVersion Resource SubResource');

const requestRows = (levels: readonly PriorityLevel[], includeDetails: boolean): readonly Row[] => {
  const row = (level: PriorityLevel, queue: number, place: number, ticket: Ticket): Row => {
    const { lane, distinguisher, arrivedAt, startedAt, info, user } = ticket;
    const { initialSeats, finalSeats, lingersMs } = ticket;
    const times = [arrivedAt, startedAt].map(instant);
    const common = [level.name, lane.schema, queue, place, distinguisher, times[0] ?? '', initialSeats, finalSeats];
    const all = [...common, lingersMs === 0 ? '0s' : `${lingersMs}ms`, times[1] ?? ''];
    if (!includeDetails) return all;
    const version = info.group === '' ? info.version : `${info.group}/${info.version}`;
    return [
      ...all,
      user.name,
      info.verb,
      info.path,
      info.namespace,
      info.name,
      version,
      info.resource,
      info.subresource,
    ];
  };
  return [
    [
      ...words(`PriorityLevelName FlowSchemaName QueueIndex RequestIndexInQueue FlowDistingsher ArriveTime InitialSeats
        FinalSeats AdditionalLatency StartTime`),
      ...(includeDetails ? details : []),
    ],
    ...levels.flatMap((level) => [
      ...level.requests.queues.flatMap(({ waiting, index }) =>
        [...waiting].map((ticket, place) => row(level, index, place, ticket)),
      ),
      ...[...level.requests.executing].map((ticket) => row(level, ticket.queue?.index ?? -1, -1, ticket)),
    ]),
  ];
};

const seatSeconds = (value: number): string => `${value.toFixed(8)}ss`;

/** Without the zeros that Go leaves out; its zero where there is none. */
const instant = (ms: number): string =>
  ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString().replace(/\.?0+Z$/, 'Z');

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/** Cells with a comma behind them but for the last, padded to columns at least eight wide. */
function aligned(rows: readonly Row[]): string {
  const cells = rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? `${cell},` : String(cell))));
  const widths = (cells[0] ?? []).map((_, i) => Math.max(7, ...cells.map((row) => row[i]?.length ?? 0)) + 1);
  return cells
    .map((row) => `${row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join('')}\n`)
    .join('');
}
