// Bundles the command and the testing library, one file each, so that start-up reads one file. Run with: npm run build
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

const entries = { skiff: 'src/cli/main.ts', testing: 'src/testing/index.ts' };

for (const [name, entry] of Object.entries(entries)) {
  await build({
    entryPoints: [entry],
    outfile: `dist/${name}.mjs`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    // Carries a native part that stays where npm put it.
    external: ['lmdb'],
    sourcemap: 'linked',
    minifySyntax: true,
    legalComments: 'none',
    // Packages in CommonJS call require().
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}
chmodSync('dist/skiff.mjs', 0o755);
