import path from 'node:path';
import { buildSync } from 'esbuild';

/** CommonJS packages call `require`, which ES modules don't have. */
const REQUIRE =
  "import { createRequire as madeRequire } from 'node:module'; const require = madeRequire(import.meta.url);";

/** Bundles the contenders like Larder's functions, so that no contender is slower because of loading. */
export const buildContenders = (folder: string) => {
  buildSync({
    entryPoints: ['recipe', 'dumper', 'restorer', 'worker', 'starter'].map((name) =>
      path.join(import.meta.dirname, `${name}.ts`),
    ),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
  return {
    dumper: path.join(folder, 'dumper.mjs'),
    recipe: path.join(folder, 'recipe.mjs'),
    restorer: path.join(folder, 'restorer.mjs'),
    worker: path.join(folder, 'worker.mjs'),
    starter: path.join(folder, 'starter.mjs'),
  };
};
