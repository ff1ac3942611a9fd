import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Records } from './records.ts';
import { SECTIONS } from './sections/all.ts';
import { costLines } from './sections/cost.ts';
import { describeSurroundings } from './surroundings.ts';
import { targetTable } from './targets.ts';

/** What the figures do not say by themselves. */
const NOTES = readFileSync(path.join(import.meta.dirname, 'notes.md'), 'utf8').split('\n');

const HEAD = [
  '# Benchmarks',
  '',
  'What an export costs beside what one would write instead, what it needs, and how that grows. This page is made by `npm run bench` from `benchmarks.json`; each section says when and where it was measured, since one can be measured without the others (`npm run bench -- --only memory`; `--help` lists them).',
  '',
  'Server, S3 emulator and contenders share one machine: ratios count, not seconds. The S3 emulator speaks TLS, as S3 does, and checks every checksum it gets; all contenders use the AWS SDK, bundled alike, and `pg_dump` of the server’s own version. The contender’s CPU and memory are those of its process and its children, from its start to its end.',
  '',
];

/** The whole page, of all sections that have figures. */
export const pageOf = (records: Records): string => {
  const measured = SECTIONS.flatMap((section) => {
    const found = records[section.name];
    return found ? [{ section, ...found, targets: section.targets?.(found.figures) ?? [] }] : [];
  });
  return [
    ...HEAD,
    ...targetTable(measured.flatMap(({ targets }) => targets)),
    ...NOTES,
    ...measured.flatMap(({ section, figures, surroundings, targets }) => [
      ...section.lines(figures, records),
      ...targetTable(targets),
      `*${describeSurroundings(surroundings)}*`,
      '',
    ]),
    ...costLines(records),
  ].join('\n');
};

export const writePage = (folder: string, records: Records): string => {
  const text = pageOf(records);
  writeFileSync(path.join(folder, 'benchmarks.md'), text);
  return text;
};
