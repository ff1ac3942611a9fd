import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSync, type Metafile } from 'esbuild';

/**
 * The functions' bundles: ES modules that include all dependencies. The AWS SDK is included too, so that we choose
 * its version and not Lambda.
 *
 * One run of esbuild in this process makes all bundles. (CDK's NodejsFunction starts npx and esbuild for each function,
 * which is five times slower and prints three lines a function.) The run splits: code that several functions import is
 * written once, into one module for each set of functions that share it. A function's bundle has its own module and the
 * modules that it imports, and loads as fast as one large module. The name of a shared module is a hash of its content, so
 * a bundle, and with it the function's asset, changes only if code that the function imports changes, or the code that its
 * shared modules are made of. Bundles are not minified: that makes no function start sooner, and stack traces stay
 * readable without a source map.
 */
const PROJECT = path.resolve(import.meta.dirname, '..');
const FUNCTIONS = path.join(PROJECT, 'functions');
const ENTRY = 'handler.ts';

/** CommonJS packages such as pg call `require`, which ES modules don't have. */
const REQUIRE =
  "import { createRequire as larderCreateRequire } from 'node:module'; const require = larderCreateRequire(import.meta.url);";

/** File name of a source's own certificate authority, beside the code of its functions. */
export const CA_FILE = 'source-ca.pem';

/** The module in the bundle that Lambda loads. */
const MAIN = 'index.mjs';
/** The same module and its export, as Lambda's configuration names them. */
export const HANDLER = 'index.handler';

/** Contents of modules by file name, `index.mjs` included. All lie in one folder. */
export type Bundle = ReadonlyMap<string, Uint8Array>;

/**
 * Bundles the handler of each folder.
 * @param functions absolute path of the folder that has a folder for each function
 * @returns bundles by the name of their function's folder
 */
export const makeBundles = (functions: string): ReadonlyMap<string, Bundle> => {
  const folders = readdirSync(functions).filter((folder) =>
    existsSync(path.join(functions, folder, ENTRY)),
  );
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: path.dirname(functions),
    entryPoints: folders.map((folder) => ({
      in: path.join(functions, folder, ENTRY),
      out: folder,
    })),
    outdir: functions,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'shared-[hash]',
    splitting: true,
    metafile: true,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    // Records and mails name errors by their class.
    keepNames: true,
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
  const contents = new Map(outputFiles.map((file) => [path.basename(file.path), file.contents]));
  return new Map(folders.map((folder) => [folder, bundleOf(`${folder}.mjs`, metafile, contents)]));
};

/** The modules that an entry imports, directly or not, and the entry itself as MAIN. */
const bundleOf = (
  entry: string,
  { outputs }: Metafile,
  contents: ReadonlyMap<string, Uint8Array>,
): Bundle => {
  const imports = new Map(
    Object.entries(outputs).map(([file, output]) => [
      path.basename(file),
      output.imports.filter((one) => !one.external).map((one) => path.basename(one.path)),
    ]),
  );
  const names = new Set([entry]);
  // The set grows during the iteration, which continues to its new end.
  for (const name of names) for (const imported of imports.get(name) ?? []) names.add(imported);
  return new Map(
    [...names].map((name) => {
      const code = contents.get(name);
      if (!code) throw new Error(`esbuild did not write ${name}.`);
      return [name === entry ? MAIN : name, code];
    }),
  );
};

let built: ReadonlyMap<string, Bundle> | undefined;

/**
 * Writes a function's bundle to a folder that exists while `use` runs; CDK copies it at once.
 * @param folder below functions/
 * @param caFile put beside the bundle as CA_FILE
 */
export const withBundle = <T>(
  folder: string,
  caFile: string | undefined,
  use: (bundleFolder: string) => T,
): T => {
  built ??= makeBundles(FUNCTIONS);
  const modules = built.get(folder);
  if (!modules) throw new Error(`There is no functions/${folder}/${ENTRY}.`);
  const bundle = mkdtempSync(path.join(tmpdir(), 'larder-bundle-'));
  try {
    for (const [name, code] of modules) writeFileSync(path.join(bundle, name), code);
    if (caFile) copyFileSync(caFile, path.join(bundle, CA_FILE));
    return use(bundle);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
};

/** The folder of a function's source: used in place of its bundle in a synthesis that bundles nothing. */
export const sourceFolder = (folder: string): string => path.join(FUNCTIONS, folder);
