// Types, lint and the import rule. Prints what is wrong; exits 1 when anything is.
import { spawnSync } from 'node:child_process';
import { importViolations } from './imports.ts';

const root = new URL('..', import.meta.url).pathname;

/** The checks that failed, by name. */
export function check(): string[] {
  const failed: string[] = [];
  const run = (name: string, command: string, args: readonly string[]) => {
    const { status } = spawnSync(`node_modules/.bin/${command}`, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) failed.push(name);
  };
  run('types', 'tsc', ['-p', '.']);
  run('lint', 'biome', ['check', '--error-on-warnings', '.']);
  const wrong = importViolations(root);
  for (const line of wrong) console.error(line);
  if (wrong.length) failed.push('import rule');
  return failed;
}

if (import.meta.main) {
  const failed = check();
  if (failed.length) {
    console.error(`failed: ${failed.join(', ')}`);
    process.exit(1);
  }
}
