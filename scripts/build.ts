/**
 * Builds what is published: `packages/standin/dist` with the command (`main.js`, lazy parts as chunks), the library
 * (`index.js`), its types and the dashboard's pages. Dependencies stay imports; the workspaces are bundled in.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildDefines } from './build-defines.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const standin = join(root, 'packages/standin');
const dist = join(standin, 'dist');
rmSync(dist, { recursive: true, force: true });

const built = await build({
  entryPoints: {
    main: join(standin, 'src/main.ts'),
    index: join(standin, 'src/index.ts'),
    'ledger-reader': join(root, 'packages/store/src/reader/thread.ts'),
  },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  chunkNames: 'parts/[name]-[hash]',
  define: buildDefines(process.env),
  plugins: [
    {
      name: 'dependencies-stay-imports',
      setup(plugin) {
        plugin.onResolve({ filter: /^[^.]/ }, ({ path, kind }) =>
          kind === 'entry-point' || path.startsWith('@standin/') || path.startsWith('/')
            ? undefined
            : { path, external: true },
        );
      },
    },
  ],
  logLevel: 'warning',
});
if (built.errors.length > 0) process.exit(1);

const tsc = join(root, 'node_modules/.bin/tsc');
const types = join(dist, 'types');
const options = [
  '--noEmit',
  'false',
  '--declaration',
  '--emitDeclarationOnly',
  '--rootDir',
  join(root, 'packages'),
  '--outDir',
  types,
];
writeFileSync(
  join(root, 'tsconfig.types.tsbuildinfo.json'),
  JSON.stringify({ extends: './tsconfig.json', include: [], files: ['packages/core/src/index.ts'] }),
);
try {
  execFileSync(tsc, ['-p', join(root, 'tsconfig.types.tsbuildinfo.json'), ...options], { stdio: 'inherit' });
} finally {
  rmSync(join(root, 'tsconfig.types.tsbuildinfo.json'));
}
writeFileSync(join(dist, 'index.d.ts'), "export * from './types/core/src/index.js';\n");

execFileSync(process.execPath, [join(root, 'packages/dashboard/build.ts')], { stdio: 'inherit' });
cpSync(join(root, 'packages/dashboard/dist'), join(dist, 'dashboard'), { recursive: true });

// The folder that is packed: the same package with `dist` as its entry and only real dependencies.
const published = JSON.parse(readFileSync(join(standin, 'package.json'), 'utf8')) as Record<string, unknown> & {
  dependencies: Record<string, string>;
};
const all: Record<string, string> = {};
for (const name of ['core', 'store', 'simulator', 'agent', 'batch', 'gateway', 'standin']) {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  Object.assign(all, dependencies);
}
const dependencies = Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('@standin/')));
const packed = join(dist, 'package');
const manifest = {
  ...published,
  private: undefined,
  files: ['bin', 'dist'],
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  dependencies,
};
for (const part of ['index.js', 'main.js', 'ledger-reader.js', 'index.d.ts', 'parts', 'types', 'dashboard'])
  cpSync(join(dist, part), join(packed, 'dist', part), { recursive: true });
cpSync(join(standin, 'bin'), join(packed, 'bin'), { recursive: true });
cpSync(join(root, 'LICENSE'), join(packed, 'LICENSE'));
cpSync(join(root, 'README.md'), join(packed, 'README.md'));
writeFileSync(join(packed, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(`Built ${packed}: npm pack it, or npm install it from there.`);
