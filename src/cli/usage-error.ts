/** The command line asks for something that makes no sense. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** For commander's option parsers: a TCP port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) throw new UsageError(`"${text}" is not a port (1 to 65535).`);
  return port;
}
