/** What is made of a long answer, and waits for the client, at a time. */
export const PIECE_BYTES = 64 * 1024;

/** Parts gathered to pieces of some size. */
export function* joined(parts: Iterable<Uint8Array>): Generator<Buffer, void> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  for (const part of parts) {
    gathered.push(part);
    size += part.length;
    if (size < PIECE_BYTES) continue;
    yield Buffer.concat(gathered, size);
    gathered = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(gathered, size);
}
