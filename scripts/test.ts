// Everything that can be checked on this machine: types, lint, the import rule, unit tests, the build, and the
// end-to-end tests. Ends with the line "N passed, N failed, N skipped"; exits 1 when anything failed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './check.ts';

const root = new URL('..', import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), 'skiff-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };

function count(name: string, ok: boolean): void {
  total[ok ? 'passed' : 'failed']++;
  console.log(`${ok ? 'ok' : 'FAILED'}: ${name}`);
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

function vitest(name: string, config: string): void {
  const report = join(scratch, `${name}.json`);
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config',
      config,
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  let read: VitestReport | undefined;
  try {
    read = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  } catch {
    console.error(`${name}: vitest left no report`);
  }
  total.passed += read?.numPassedTests ?? 0;
  total.skipped += (read?.numPendingTests ?? 0) + (read?.numTodoTests ?? 0);
  const failed = read?.numFailedTests ?? 0;
  // A file that does not load, or an error outside any test, fails the run without a failed test.
  total.failed += failed === 0 && status !== 0 ? 1 : failed;
}

try {
  const failed = check();
  for (const name of ['types', 'lint', 'import rule']) count(name, !failed.includes(name));
  count('build', spawnSync(process.execPath, ['scripts/build.ts'], { cwd: root, stdio: 'inherit' }).status === 0);
  vitest('unit', 'vitest.config.ts');
  vitest('e2e', 'vitest.e2e.config.ts');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed ? 1 : 0);
