// Bundles the command and the testing library into dist, with what both or only some commands need in files of their
// own: start-up reads and compiles what it uses, and Node's compile cache, which the command turns on before it loads
// the rest, keeps the result. Run with: npm run build
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { build, type Plugin } from 'esbuild';

/**
 * An import statement of node:http makes Node look at everything that the module exports, and some of that loads an
 * HTTP client of its own (30 ms). Asked for in this way, only what is used is loaded.
 */
const lazyHttp: Plugin = {
  name: 'lazy-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ kind, path }) =>
      kind === 'import-statement' ? { path, namespace: 'lazy-http' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy-http' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

const { metafile } = await build({
  entryPoints: {
    skiff: 'src/cli/main.ts',
    testing: 'src/testing/index.ts',
    'yaml-worker': 'src/apiserver/http/yaml-worker.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // Carries a native part that stays where npm put it.
  external: ['lmdb'],
  plugins: [lazyHttp],
  sourcemap: 'linked',
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  // Packages in CommonJS call require().
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const made = new Set(Object.keys(metafile.outputs).map((file) => basename(file)));
for (const file of readdirSync('dist'))
  if (/^chunk-.*\.mjs(\.map)?$/.test(file) && !made.has(file)) rmSync(`dist/${file}`);
chmodSync('dist/skiff.mjs', 0o755);
