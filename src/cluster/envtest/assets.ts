import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { skiffVersion } from '../../utils/version.ts';
import { replaceFile } from '../replace-file.ts';

export interface AssetOptions {
  /** Where to make them; default: a directory of this Skiff's own in the user's cache. */
  readonly dir?: string;
  /** The program to run, and the script that is Skiff. */
  readonly node: string;
  readonly script: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes the directory that KUBEBUILDER_ASSETS names: `kube-apiserver` and `etcd`, which run this Skiff, and `kubectl`,
 * a link to the one on PATH where there is one. Answers with its absolute path; making it again changes nothing.
 * https://book.kubebuilder.io/reference/envtest.html
 */
export function ensureAssets(options: AssetOptions): string {
  const { node, env } = options;
  const script = realpathSync(options.script);
  const dir = resolve(options.dir ?? join(cacheDir(env), 'skiff', 'envtest', `${skiffVersion}-${hash(node, script)}`));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const program of ['kube-apiserver', 'etcd']) {
    const file = join(dir, program);
    replaceFile(file, `#!/bin/sh\nexec ${quoted(node)} ${quoted(script)} envtest ${program} -- "$@"\n`);
    chmodSync(file, 0o700);
  }
  const kubectl = onPath('kubectl', env.PATH ?? '', dir);
  if (kubectl !== undefined) link(kubectl, join(dir, 'kubectl'));
  return dir;
}

const cacheDir = (env: AssetOptions['env']): string => env.XDG_CACHE_HOME || join(homedir(), '.cache');

const hash = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 8);

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function onPath(program: string, path: string, except: string): string | undefined {
  for (const dir of path.split(delimiter)) {
    if (dir === '' || resolve(dir) === except) continue;
    const file = resolve(dir, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

function link(target: string, file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(file) === target) return;
  rmSync(file, { force: true });
  symlinkSync(target, file);
}
