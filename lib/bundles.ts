import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';

/**
 * The functions' bundles: each one ES module with everything inside, the AWS SDK too, so that its version is ours and
 * not Lambda's of the day.
 *
 * All are made by one run of esbuild in this process. (CDK's NodejsFunction starts npx and esbuild for each
 * function, which takes five times as long and prints three lines a function.) They are not minified: it makes no
 * function start sooner, and a stack trace stays readable without a source map.
 */
const PROJECT = path.resolve(import.meta.dirname, '..');
const FUNCTIONS = path.join(PROJECT, 'functions');

/** CommonJS packages such as pg call `require`, which ES modules don't have. */
const REQUIRE =
  "import { createRequire as larderCreateRequire } from 'node:module'; const require = larderCreateRequire(import.meta.url);";

/** Under which name a source's own certificate authority lies beside the code of its functions. */
export const CA_FILE = 'source-ca.pem';

/** The module in the bundle and its export, as Lambda's configuration names them. */
export const HANDLER = 'index.handler';

const handlerOf = (folder: string): string => path.join(FUNCTIONS, folder, 'handler.ts');

const build = (): ReadonlyMap<string, Uint8Array> => {
  const folders = readdirSync(FUNCTIONS).filter((folder) => existsSync(handlerOf(folder)));
  const { outputFiles } = buildSync({
    absWorkingDir: PROJECT,
    entryPoints: folders.map((folder) => ({
      in: handlerOf(folder),
      out: folder,
    })),
    outdir: FUNCTIONS,
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    // Errors are known by their class's name, in records and mails.
    keepNames: true,
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
  return new Map(
    outputFiles.map(({ path: file, contents }) => [path.basename(file, '.mjs'), contents]),
  );
};

let built: ReadonlyMap<string, Uint8Array> | undefined;

/**
 * Lays a function's bundle into a folder that is there as long as `use` runs, which CDK copies at once.
 * @param folder below functions/
 * @param caFile put beside the bundle as CA_FILE
 */
export const withBundle = <T>(
  folder: string,
  caFile: string | undefined,
  use: (bundleFolder: string) => T,
): T => {
  built ??= build();
  const code = built.get(folder);
  if (!code) throw new Error(`There is no functions/${folder}/handler.ts.`);
  const bundle = mkdtempSync(path.join(tmpdir(), 'larder-bundle-'));
  try {
    writeFileSync(path.join(bundle, 'index.mjs'), code);
    if (caFile) copyFileSync(caFile, path.join(bundle, CA_FILE));
    return use(bundle);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
};

/** Where a function's source lies: what stands for its bundle in a synthesis that bundles nothing. */
export const sourceFolder = (folder: string): string => path.join(FUNCTIONS, folder);
