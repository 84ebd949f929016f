import { open } from 'node:fs/promises';

/** The text of the last lines of a CRI log file, at most `maxBytes` of it; "" when it cannot be read. */
export async function readLogTail(file: string, maxLines: number, maxBytes: number): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    // Each line has some 40 bytes of time and stream before its text.
    const window = Math.min(size, maxBytes + maxLines * 64);
    const buffer = Buffer.alloc(window);
    await handle.read(buffer, 0, window, size - window);
    const lines = buffer.toString('utf8').split('\n');
    if (window < size) lines.shift();
    const texts = lines
      .map((line) => /^\S+ \S+ ([FP])\S* (.*)$/s.exec(line))
      .filter((m) => m !== null)
      .map(([, flag, text]) => (flag === 'P' ? (text ?? '') : `${text}\n`));
    return texts.slice(-maxLines).join('').slice(-maxBytes);
  } finally {
    await handle.close();
  }
}
