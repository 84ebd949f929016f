import { randomUUID } from 'node:crypto';
import type { Exchange } from '../http/exchange.ts';

/** What a request is called in audit events and its answer: as its client called it, else by a name of its own. */
export function auditIdOf(exchange: Exchange): string {
  if (exchange.auditID === undefined) {
    const given = exchange.headers['audit-id'];
    const first = Array.isArray(given) ? given[0] : given;
    exchange.auditID = first || randomUUID();
  }
  return exchange.auditID;
}
