import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FAULTS, THEMES, type Verdict } from './catalogue.ts';

/** docs/reliability.md must say the same as the tests. */
const FOLDER = import.meta.dirname;
const page = readFileSync(path.join(FOLDER, '../../docs/reliability.md'), 'utf8');
const sources = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(path.join(FOLDER, file), 'utf8'));

const rowOf = ([name, { ends, object, reported, left }]: [string, Verdict]): string =>
  `| ${name} | ${ends} | ${object} | ${reported} | ${left} |`;

test.each(Object.entries(THEMES))(
  'the table on %s is what its tests compare with',
  (theme, faults) => {
    const rows = Object.entries(faults).map(rowOf);
    const head = [
      '| fault | ends | object | reported | left behind |',
      '| --- | --- | --- | --- | --- |',
    ];
    expect(page).toContain([`### ${theme}`, '', ...head, ...rows, ''].join('\n'));
  },
);

test('every fault of the page has its test, and every test of a fault is on the page', () => {
  const names = Object.keys(FAULTS);
  const tested = names.map((name) => sources.join('\n').split(`'${name}'`).length - 1);
  expect(Object.fromEntries(names.map((name, index) => [name, tested[index]]))).toEqual(
    Object.fromEntries(names.map((name) => [name, 1])),
  );
  expect(
    page.match(/^\| .* \|$/gm)?.filter((row) => /completed|failed|cancelled/.test(row)),
  ).toHaveLength(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});

test.each([
  ['Not disturbing the database', ['undisturbed.test.ts', 'at-most-k.test.ts']],
  ['Cancelling', ['cancelling.test.ts']],
])('the list under "%s" is that of its tests', (heading, files) => {
  const text = files.map((file) => readFileSync(path.join(FOLDER, file), 'utf8')).join('\n');
  const names = [...text.matchAll(/^(?:it\.concurrent|test)\(\s*(?:'([^']+)'|"([^"]+)")/gm)].map(
    ([, single, double]) => `- ${single ?? double}`,
  );
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  expect(section.match(/^- .*$/gm)).toEqual(names);
});
