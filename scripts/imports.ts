// The import rule of docs/design.md: a folder of src may import from the folders above it in this list, never from
// those below.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const order = [
  'utils',
  'schema',
  'api',
  'cel',
  'store',
  'apiserver',
  'client',
  'controllers',
  'scheduler',
  'kubelet',
  'proxy',
  'network',
  'dns',
  'ingress',
  'metrics',
  'dashboard',
  'cluster',
  'testing',
  'cli',
];

/** Imports that go the wrong way, one line each. Tests may import anything: they put parts together. */
export function importViolations(root: string): string[] {
  const src = join(root, 'src');
  const wrong: string[] = [];
  for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts')) continue;
    const file = join(entry.parentPath, entry.name);
    const folder = relative(src, file).split('/')[0] ?? '';
    if (!order.includes(folder)) {
      wrong.push(`${relative(root, file)}: src/${folder} is not in the list of folders (scripts/imports.ts)`);
      continue;
    }
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import\(|^import)\s*'(\.[^']+)'/gm)) {
      const other = relative(src, resolve(dirname(file), target ?? '')).split('/')[0] ?? '';
      if (order.includes(other) && order.indexOf(other) > order.indexOf(folder)) {
        wrong.push(`${relative(root, file)}: src/${folder} may not import from src/${other} (${target})`);
      }
    }
  }
  return wrong;
}
