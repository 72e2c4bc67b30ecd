import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, parse } from 'node:path';
import { build as bundle, type BuildOptions, type Plugin } from 'esbuild';
import { root, work } from './paths';

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  logLevel: 'warning',
  absWorkingDir: root,
};

/** The library as users load it: all of its files, with their source maps. */
const asShipped: Plugin = {
  name: 'as shipped',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.\/\.\.\/src$/ }, () => ({ path: join(root, 'lib/index.js'), external: true })),
};

/** Everything that is measured in a process of its own, without the time that TypeScript takes. */
export async function build(): Promise<void> {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  const subjects = readdirSync(join(__dirname, 'subjects')).map((file) => join(__dirname, 'subjects', file));
  await Promise.all([
    ...subjects.map((file) =>
      bundle({
        ...common,
        entryPoints: [file],
        outfile: join(work, `${parse(file).name}.js`),
        packages: 'external',
        plugins: [asShipped],
      }),
    ),
    // as CDK's NodejsFunction bundles by default: the SDK is that of the runtime
    ...['on-event', 'polling'].map((name) =>
      bundle({
        ...common,
        entryPoints: [join(__dirname, 'rivals', `${name}.ts`)],
        outfile: join(work, name, 'index.js'),
        minify: true,
        packages: 'external',
      }),
    ),
    bundle({
      ...common,
      entryPoints: ['lambda/handler.ts'],
      outfile: join(work, 'sdk-external/index.js'),
      minify: true,
      packages: 'external',
    }),
    bundle({
      ...common,
      entryPoints: ['lambda/handler.ts'],
      outfile: join(work, 'sdk-whole/index.js'),
      minify: true,
    }),
  ]);
}
