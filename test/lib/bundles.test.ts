import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBundles, withBundle } from '../../lib/bundles.ts';

const FUNCTIONS = ['api', 'export', 'plan', 'notify', 'sweep'] as const;

/** Code by file name, as it is in the folder that CDK copies. */
let bundles: ReadonlyMap<string, ReadonlyMap<string, string>>;
const codeOf = (name: string): string => [...(bundles.get(name)?.values() ?? [])].join('\n');
beforeAll(() => {
  const read = (folder: string) =>
    new Map(
      readdirSync(folder).map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]),
    );
  bundles = new Map(FUNCTIONS.map((name) => [name, withBundle(name, undefined, read)]));
});

/** Half a megabyte that every start would parse. With `import * as z from 'zod'`, a bundle contains only what it uses. */
it.each(FUNCTIONS)('%s does not contain all languages of zod', (name) => {
  const languages = codeOf(name).match(/zod\/v4\/locales\/\w+\.js/g) ?? [];
  expect(languages).not.toEqual([]);
  expect(languages.filter((language) => !language.endsWith('/en.js'))).toEqual([]);
});

it.each(FUNCTIONS)('%s contains no infrastructure and no tests', (name) => {
  expect(codeOf(name)).toMatch(/^\/\/ core\/contract\.ts$/m);
  const foreign = codeOf(name).match(
    /^\/\/ (lib|local|test|layers|node_modules\/aws-cdk-lib)\/.*$/gm,
  );
  expect(foreign ?? []).toEqual([]);
});

const importsOf = (code: string): string[] =>
  [...code.matchAll(/^(?:import|\} from|export) ?.*?"([^"]+)";$|\bimport\("([^"]+)"\)/gm)].map(
    ([, named = '', dynamic = named]) => dynamic,
  );

it.each(FUNCTIONS)('%s has every module that it imports, and no other', (name) => {
  const bundle = bundles.get(name) ?? new Map<string, string>();
  const imported = [...bundle.values()].flatMap(importsOf);
  const outside = imported.filter((one) => !one.startsWith('./'));
  expect(outside.filter((one) => !builtinModules.includes(one.replace('node:', '')))).toEqual([]);
  const own = new Set(['index.mjs', ...imported.filter((one) => one.startsWith('./'))]);
  expect([...own].map((one) => one.replace('./', '')).sort()).toEqual([...bundle.keys()].sort());
});

describe('bundles of three functions, of which two share a module', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'larder-bundles-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const SHARED = 'export const shared = () => "shared";';
  const SOURCES = {
    'functions/one/handler.ts':
      'import { shared } from "../../core/shared.ts"; export const handler = () => shared();',
    'functions/two/handler.ts':
      'import { shared } from "../../core/shared.ts"; export const handler = () => [shared()];',
    'functions/three/handler.ts': 'export const handler = () => 3;',
    'core/shared.ts': SHARED,
  };
  const bundlesOf = (project: string, changes: Readonly<Record<string, string>> = {}) => {
    for (const [file, code] of Object.entries({ ...SOURCES, ...changes })) {
      const target = path.join(folder, project, file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, code);
    }
    const made = makeBundles(path.join(folder, project, 'functions'));
    const text = (bundle: ReadonlyMap<string, Uint8Array>) =>
      Object.fromEntries(
        [...bundle].map(([file, code]) => [file, Buffer.from(code).toString('utf8')]),
      );
    return Object.fromEntries([...made].map(([name, bundle]) => [name, text(bundle)]));
  };

  it('do not depend on the folder of the project', () => {
    expect(bundlesOf('elsewhere')).toEqual(bundlesOf('project'));
  });

  it('change for one function alone if only its code changes', () => {
    const before = bundlesOf('project');
    const after = bundlesOf('project', {
      'functions/two/handler.ts': `${SOURCES['functions/two/handler.ts']} // changed\nexport const more = 1;`,
    });
    expect(after.two).not.toEqual(before.two);
    expect({ ...after, two: undefined }).toEqual({ ...before, two: undefined });
  });

  it('change for the functions that import a changed shared module', () => {
    const before = bundlesOf('project');
    const after = bundlesOf('project', { 'core/shared.ts': SHARED.replace('"shared"', '"new"') });
    expect(after.one).not.toEqual(before.one);
    expect(after.two).not.toEqual(before.two);
    expect(after.three).toEqual(before.three);
  });
});
