import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeMachine } from './machine.ts';
import type { Records } from './records.ts';
import { SECTIONS } from './sections/all.ts';
import { costLines } from './sections/cost.ts';
import { targetTable } from './targets.ts';

/** Explanations that the figures need. */
const NOTES = readFileSync(path.join(import.meta.dirname, 'notes.md'), 'utf8').split('\n');

const HEAD = [
  '# Benchmarks',
  '',
  'What an export costs compared with the usual alternatives, what it needs, and how that grows. This page is made by `npm run bench` from `benchmarks.json`; each section says when and where it was measured, since one can be measured without the others (`npm run bench -- --only memory`; `--help` lists them). A run of another size or of fewer rounds (`--size 50 --rounds 1`) prints its page and leaves this one as it is.',
  '',
  'Server, S3 emulator and contenders share one machine: ratios count, not seconds. The S3 emulator speaks TLS, as S3 does, and checks every checksum it gets; all contenders use the AWS SDK, bundled alike, with the Node flags and variables of the deployed function, and `pg_dump` of the server’s own version. They reach server and emulator in the same way. `gzip -6` is that of Node’s zlib, which is faster than the program. The contender’s CPU and memory are those of its process and its children, from its start to its end.',
  '',
];

/** Figures that an earlier version of a section measured have a different form. */
const readable = (
  all: Records,
): { readonly records: Records; readonly lines: readonly string[] } => {
  const outdated = SECTIONS.filter(({ name, form = 1 }) => (all[name]?.form ?? 1) !== form)
    .map(({ name }) => name)
    .filter((name) => all[name]);
  return {
    records: Object.fromEntries(Object.entries(all).filter(([name]) => !outdated.includes(name))),
    lines: outdated.length
      ? [
          `Not shown, since an earlier version of the benchmark measured it otherwise: ${outdated.join(', ')} (\`npm run bench -- --only ${outdated.join(',')}\` measures it anew).`,
          '',
        ]
      : [],
  };
};

/** The whole page, of all sections that have figures. */
export const pageOf = (all: Records): string => {
  const { records, lines: left } = readable(all);
  const measured = SECTIONS.flatMap((section) => {
    const found = records[section.name];
    return found ? [{ section, ...found, targets: section.targets?.(found.figures) ?? [] }] : [];
  });
  return [
    ...HEAD,
    ...targetTable(measured.flatMap(({ targets }) => targets)),
    ...left,
    ...NOTES,
    ...measured.flatMap(({ section, figures, machine, targets }) => [
      ...section.lines(figures, records),
      ...targetTable(targets),
      `*${describeMachine(machine)}*`,
      '',
    ]),
    ...costLines(records),
  ].join('\n');
};

export const writePage = (folder: string, records: Records): void =>
  writeFileSync(path.join(folder, 'benchmarks.md'), pageOf(records));
