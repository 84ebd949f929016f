// Bundles the command and the testing library into dist, with what both or only some commands need in files of their
// own: start-up reads and compiles what it uses, and Node's compile cache, which the command turns on before it loads
// the rest, keeps the result. Run with: npm run build
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { basename } from 'node:path';
import { build, type Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/**
 * An import statement of one of Node's modules makes Node look at everything that the module exports, and some of that
 * is loaded only then: an HTTP client (30 ms), Web Crypto, text decoders (20 ms). Asked for in this way, only what is
 * used is loaded.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ kind, path }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'lazy-builtins' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy-builtins' }, ({ path }) => {
      const names = Object.keys(require(path)).filter((name) => /^[A-Za-z]\w*$/.test(name) && name !== 'default');
      // What nobody imports is left out, since asking for it is said to do nothing else.
      const exported = names.map(
        (name, i) => `const x${i} = /* @__PURE__ */ get(${JSON.stringify(name)}); export { x${i} as ${name} };`,
      );
      const all = `const all = process.getBuiltinModule(${JSON.stringify(path)}); const get = (name) => all[name]; export default all;`;
      return { contents: [all, ...exported].join('\n'), loader: 'js' };
    });
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
  plugins: [lazyBuiltins],
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
