import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DATABASE } from '../data.ts';
import type { Measured } from '../measure.ts';
import { median, mib, seconds, table } from '../numbers.ts';
import type { Section } from '../section.ts';
import { runExport, runRecipe } from './contenders.ts';

/** What the defaults follow from: compression of pg_dump against size and time, and the size of the parts. */
const MEGABYTES = 250;
const ROUNDS = 3;
const LEVELS = [
  'none',
  'lz4:1',
  'zstd:1',
  'zstd:3',
  'zstd:6',
  'zstd:9',
  'gzip:1',
  'gzip:6',
] as const;
const DEFAULT_LEVEL = 'zstd:1';
const PARTS_MIB = [5, 8, 16, 32] as const;

interface Level {
  readonly level: string;
  readonly seconds: readonly number[];
  readonly cpuSeconds: readonly number[];
  /** Of the dump. */
  readonly bytes: number;
}

interface PartSize {
  readonly mib: number;
  readonly runs: readonly Measured[];
  readonly requests: number;
}

export interface Levels {
  readonly architecture: string;
  readonly bytes: number;
  readonly levels: readonly Level[];
  readonly parts: readonly PartSize[];
}

const DEFAULT_PARTS = /^(var FIRST_BYTES = )(\d+)( \* MIB\d*;)$/m;

/** The deployed bundle, but for the one number. */
const withParts = (bundle: string, size: number): string => {
  const code = readFileSync(bundle, 'utf8');
  if (!DEFAULT_PARTS.test(code)) throw new Error("The bundle's size of parts was not found.");
  const file = path.join(path.dirname(bundle), `parts-${size}.mjs`);
  writeFileSync(file, code.replace(DEFAULT_PARTS, `$1${size}$3`));
  return file;
};

export const levels: Section<Levels> = {
  name: 'levels',
  measure: async ({ stage: opened, say }) => {
    const stage = await opened();
    const { schema, bytes } = await stage.data.mixed(MEGABYTES);
    const found = new Map(
      LEVELS.map((level) => [
        level,
        { seconds: [] as number[], cpuSeconds: [] as number[], bytes: 0 },
      ]),
    );
    const dump = (level: string) => {
      const flags = stage.dumpFlags(schema, DATABASE, ['--format=custom', `--compress=${level}`]);
      return runRecipe(stage, { way: 'nowhere', flags });
    };
    await dump(DEFAULT_LEVEL);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [level, all] of found) {
        const one = await dump(level);
        all.bytes = one.result.bytes;
        all.seconds.push(one.result.seconds);
        all.cpuSeconds.push(one.childrenCpuSeconds);
      }
      say(`levels, round ${round} of ${ROUNDS}`);
    }
    const parts: PartSize[] = [];
    const bundle = stage.bundleOf('export');
    for (const size of PARTS_MIB) {
      const runs: Measured[] = [];
      let stored = 0;
      for (let round = 1; round <= ROUNDS; round += 1) {
        const {
          result: _,
          backups,
          ...measured
        } = await runExport({
          stage,
          bundle: withParts(bundle, size),
          schemas: [schema],
        });
        stored = backups[0]?.size ?? 0;
        runs.push(measured);
      }
      // Besides the parts: beginning and completing the upload.
      parts.push({ mib: size, runs, requests: Math.ceil(stored / (size * 1024 ** 2)) + 2 });
      say(`parts of ${size} MiB`);
    }
    return {
      architecture: process.arch,
      bytes,
      levels: [...found].map(([level, all]) => ({ level, ...all })),
      parts,
    };
  },
  lines: ({ architecture, bytes, levels: all, parts }) => {
    const base = all.find(({ level }) => level === DEFAULT_LEVEL);
    return [
      '## Compression and parts',
      '',
      `\`pg_dump -Fc\` of ${mib(bytes)} to nowhere, median of ${ROUNDS}; CPU is that of \`pg_dump\`. \`${DEFAULT_LEVEL}\` is the default: more costs CPU, which is what Lambda sells, and saves less in storage than it costs.`,
      '',
      ...table(
        [
          '`--compress`',
          'time',
          'CPU',
          'dump',
          'of the tables',
          `beside ${DEFAULT_LEVEL}: time, size`,
        ],
        all.map((one) => [
          one.level === DEFAULT_LEVEL ? `**${one.level}**` : one.level,
          seconds(median(one.seconds)),
          seconds(median(one.cpuSeconds)),
          mib(one.bytes),
          `${((100 * one.bytes) / bytes).toFixed(0)} %`,
          base
            ? `${(median(one.seconds) / median(base.seconds)).toFixed(2)}, ${(one.bytes / base.bytes).toFixed(2)}`
            : '',
        ]),
      ),
      `Measured on ${architecture}. The functions are deployed on arm64, where this has to be run again (\`npm run bench -- --only levels\`) to be known: zstd and zlib have code of their own for both, the order of the levels is not expected to change, and the size of the dump does not depend on it.`,
      '',
      'The export worker with other sizes of its parts, everything else as deployed. The emulator on the same machine answers without a network, so the time says nothing; the memory does.',
      '',
      ...table(
        ['parts', 'peak memory', 'client CPU', 'time', 'requests of the upload'],
        parts.map((one) => [
          `${one.mib} MiB`,
          mib(median(one.runs.map((run) => run.peakMemory))),
          seconds(median(one.runs.map((run) => run.cpuSeconds))),
          seconds(median(one.runs.map((run) => run.seconds))),
          String(one.requests),
        ]),
      ),
    ];
  },
};
