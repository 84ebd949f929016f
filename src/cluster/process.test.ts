import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRecord, startSupervised, stopSupervised } from './process.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skiff-process-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a command with secrets in its memory leaves no core dump', async () => {
  const pidFile = join(directory, 'x.pid');
  startSupervised({
    command: '/bin/sleep',
    args: ['60'],
    logFile: join(directory, 'x.log'),
    pidFile,
    secretMemory: true,
  });
  try {
    await expect.poll(() => readRecord(`${pidFile}.command`)).toBeDefined();
    const limits = readFileSync(`/proc/${readRecord(`${pidFile}.command`)?.pid}/limits`, 'utf8');
    expect(limits).toMatch(/^Max core file size +0 +0 /m);
  } finally {
    await stopSupervised(pidFile, 1000);
  }
});
