/** "2026-01-01T00:00:00Z": whole seconds, rounded down. Takes milliseconds since the epoch. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** "2026-01-01T00:00:00.000000Z": microseconds, as leases and new events carry. Takes milliseconds since the epoch. */
export function rfc3339Micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
