import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Code of a bundle's modules by file name. */
export type Modules = ReadonlyMap<string, string>;

export const readModules = (folder: string): Modules =>
  new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.mjs'))
      .map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]),
  );

/** The source file of each line of a module, which esbuild notes in comments; undefined before the first. */
export const sourcesOf = (code: string): readonly (string | undefined)[] => {
  let current: string | undefined;
  return code.split('\n').map((line) => {
    current = /^\s*\/\/ (\S+\.(?:[cm]?js|ts))$/.exec(line)?.[1] ?? current;
    return current;
  });
};

/** The npm package of a source file; undefined for Larder's own. */
export const packageOf = (file: string): string | undefined =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
