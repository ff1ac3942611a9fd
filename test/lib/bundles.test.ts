import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { withBundle } from '../../lib/bundles.ts';

const FUNCTIONS = ['api', 'export', 'plan', 'notify', 'sweep'] as const;

let bundles: ReadonlyMap<string, string>;
beforeAll(() => {
  bundles = new Map(
    FUNCTIONS.map((name) => [
      name,
      withBundle(name, undefined, (folder) => readFileSync(path.join(folder, 'index.mjs'), 'utf8')),
    ]),
  );
});

/** Half a megabyte that every start would parse: written `import * as z from 'zod'`, only what is used comes along. */
it.each(FUNCTIONS)('%s does not carry all languages that zod speaks', (name) => {
  const languages = bundles.get(name)?.match(/zod\/v4\/locales\/\w+\.js/g) ?? [];
  expect(languages.filter((language) => !language.endsWith('/en.js'))).toEqual([]);
});

it.each(FUNCTIONS)('%s carries no infrastructure and no tests', (name) => {
  const foreign = bundles
    .get(name)
    ?.match(/^\/\/ (lib|local|test|layers|node_modules\/aws-cdk-lib)\/.*$/gm);
  expect(foreign ?? []).toEqual([]);
});
