import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { firstPartBytes } from '../../adapters/s3/parts.ts';
import { CORES, dollars, KEPT_DAYS, storageDollars, timeDollars } from '../dollars.ts';
import type { Measured } from '../measure.ts';
import { MIB, median, mib, seconds, spread, table, times } from '../numbers.ts';
import { PRICES } from '../prices.ts';
import type { Bench, Section } from '../section.ts';
import type { Stage } from '../stage.ts';
import { runDumps, runExport } from './contenders.ts';

/** The measurements behind the defaults: compression of pg_dump against size and time, and the size of the parts. */
/** The benchmark's size is divided by this: 250 MB. */
const DIVISOR = 4;
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

const DEFAULT_PARTS = /^(var (?:SMALL|LARGE)_BYTES = )(\d+)( \* MIB\d*;)$/gm;

/** The deployed bundle, except that all parts have the same size. */
const withParts = (bundle: string, size: number): string => {
  const code = readFileSync(bundle, 'utf8');
  if ([...code.matchAll(DEFAULT_PARTS)].length !== 2)
    throw new Error("The bundle's size of parts was not found.");
  const file = path.join(path.dirname(bundle), `parts-${size}.mjs`);
  writeFileSync(file, code.replace(DEFAULT_PARTS, `$1${size}$3`));
  return file;
};

/** Requests that store this many bytes. An object of several parts needs two more: to begin and to complete the upload. */
const requestsOf = (bytes: number, partSize: number): number => {
  const parts = Math.ceil(bytes / partSize);
  return parts > 1 ? parts + 2 : 1;
};

/** Dollars a month for the requests that store 10,000 backups of 200 MB every night. */
const monthly = (partSize: number): number =>
  (10_000 * 30 * requestsOf(200e6, partSize) * PRICES.s3.perThousandPuts) / 1000;

const measureLevels = async (
  { options, say }: Bench,
  stage: Stage,
  schema: string,
): Promise<Level[]> => {
  const found = LEVELS.map((level) => ({
    level,
    seconds: [] as number[],
    cpuSeconds: [] as number[],
    bytes: 0,
  }));
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const all of found) {
      const one = await runDumps(stage, [schema], ['--format=custom', `--compress=${all.level}`]);
      // The first ones are a warm-up.
      if (round === 0) continue;
      all.bytes = one.result.bytes[0] ?? 0;
      all.seconds.push(one.result.seconds[0] ?? Number.NaN);
      all.cpuSeconds.push(one.childrenCpuSeconds);
    }
    say(`levels, round ${round} of ${options.rounds}`);
  }
  return found;
};

const measureParts = async (
  { options, say }: Bench,
  stage: Stage,
  schema: string,
): Promise<PartSize[]> => {
  const bundle = stage.bundleOf('export');
  const found = PARTS_MIB.map((size) => ({
    size,
    bundle: withParts(bundle, size),
    runs: [] as Measured[],
    stored: 0,
  }));
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const one of found) {
      const {
        result: _,
        backups,
        ...measured
      } = await runExport({
        stage,
        bundle: one.bundle,
        schemas: [schema],
      });
      if (round === 0) continue;
      one.stored = backups[0]?.size ?? 0;
      one.runs.push(measured);
    }
    say(`parts, round ${round} of ${options.rounds}`);
  }
  return found.map(({ size, runs, stored }) => ({
    mib: size,
    runs,
    requests: requestsOf(stored, size * MIB),
  }));
};

/** For a dump in Lambda, with its storage for as long as backups are kept. */
const dollarsOf = ({ seconds: took, cpuSeconds, bytes }: Level): number =>
  timeDollars(Math.max(median(took), median(cpuSeconds) / CORES)) + storageDollars(bytes);

/** The figures' conclusion on the default, which is not the cheapest level if storage costs more than time. */
const defaultLines = (base: Level, all: readonly Level[]): string => {
  const cheapest = all.reduce((a, b) => (dollarsOf(b) < dollarsOf(a) ? b : a));
  const beside = (of: (one: Level) => number) => (of(cheapest) / of(base)).toFixed(2);
  const why = `\`${base.level}\` is the default: for as long as a dump takes, it holds its snapshot and its locks in the source, and Lambda ends it after 15 minutes.`;
  return cheapest === base
    ? `${why} It also costs least.`
    : `${why} It is not the one that costs least where backups are kept ${KEPT_DAYS} days: \`${cheapest.level}\` costs ${beside(dollarsOf)} times as much, and takes ${beside((one) => median(one.seconds))} times as long.`;
};

export const levels: Section<Levels> = {
  name: 'levels',
  measure: async (bench) => {
    const stage = await bench.stage();
    const { schema, bytes } = await stage.data.mixed(bench.options.megabytes / DIVISOR);
    return {
      architecture: process.arch,
      bytes,
      levels: await measureLevels(bench, stage, schema),
      parts: await measureParts(bench, stage, schema),
    };
  },
  lines: ({ architecture, bytes, levels: all, parts }) => {
    const base = all.find(({ level }) => level === DEFAULT_LEVEL);
    if (!base) return [];
    const chosen = firstPartBytes(bytes) / MIB;
    const marked = (name: string, is: boolean) => (is ? `**${name}**` : name);
    return [
      '## Compression and parts',
      '',
      `\`pg_dump -Fc\` of ${mib(bytes)} to nowhere, ${times(base.seconds.length)} in turn: median, with the least and the most; CPU is that of \`pg_dump\`. The last column is of 1,000 such dumps: Lambda’s time for them and ${KEPT_DAYS} days of storage, with prices and assumptions as below. ${defaultLines(base, all)}`,
      '',
      ...table(
        [
          '`--compress`',
          'time',
          'CPU',
          'dump',
          'of the tables',
          `beside ${DEFAULT_LEVEL}: time, size`,
          'dollars',
        ],
        all.map((one) => [
          marked(one.level, one === base),
          spread(one.seconds, seconds),
          spread(one.cpuSeconds, seconds),
          mib(one.bytes),
          `${((100 * one.bytes) / bytes).toFixed(0)} %`,
          `${(median(one.seconds) / median(base.seconds)).toFixed(2)}, ${(one.bytes / base.bytes).toFixed(2)}`,
          dollars(1000 * dollarsOf(one)),
        ]),
      ),
      `Measured on ${architecture}. The functions are deployed on arm64, where this has to be run again (\`npm run bench -- --only levels\`) to be known: zstd and zlib have code of their own for both, the order of the levels is not expected to change, and the size of the dump does not depend on it.`,
      '',
      `The export worker with other sizes of its parts, everything else as deployed, ${times(parts[0]?.runs.length ?? 0)} in turn. The emulator on the same machine answers without a network, so the time says nothing; the memory does. Schemas of less than 128 MiB on the server are uploaded in parts of ${firstPartBytes(0) / MIB} MiB, the least that S3 takes, for the memory; larger ones in parts of ${firstPartBytes(bytes) / MIB} MiB. A backup of 200 MB is ${requestsOf(200e6, firstPartBytes(0))} requests with small parts and ${requestsOf(200e6, firstPartBytes(200e6))} with large ones, so 10,000 of them a night cost ${dollars(monthly(firstPartBytes(0)))} or ${dollars(monthly(firstPartBytes(200e6)))} a month. The last column tells what the requests of 1,000 such exports cost.`,
      '',
      ...table(
        ['parts', 'peak memory', 'client CPU', 'time', 'requests of the upload', 'dollars'],
        parts.map(({ mib: size, runs, requests }) => [
          marked(`${size} MiB`, size === chosen),
          spread(
            runs.map((run) => run.peakMemory),
            mib,
          ),
          spread(
            runs.map((run) => run.cpuSeconds),
            seconds,
          ),
          spread(
            runs.map((run) => run.seconds),
            seconds,
          ),
          String(requests),
          dollars(requests * PRICES.s3.perThousandPuts),
        ]),
      ),
    ];
  },
};
