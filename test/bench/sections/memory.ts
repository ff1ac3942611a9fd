import type { Measured } from '../measure.ts';
import { mib, seconds, table } from '../numbers.ts';
import { wideRows } from '../schema.ts';
import type { Section } from '../section.ts';
import { atMost } from '../targets.ts';
import { runExport } from './contenders.ts';

const MEGABYTES = [10, 100, 1000] as const;
const LONG = 10_000;
const ROUNDS = 3;
/** A row's bytes, and how many of them. */
const WIDE = { bytes: 100e6, rows: 3 } as const;

const WANTED_BYTES = 220e6;
const WANTED_GROWTH = 1.1;

interface Size {
  readonly megabytes: number;
  readonly bytes: number;
  readonly stored: number;
  readonly runs: readonly Measured[];
}

export interface Memory {
  readonly sizes: readonly Size[];
  readonly wide: Size;
}

const highest = ({ runs }: Size): number => Math.max(...runs.map((run) => run.peakMemory));
const ofChildren = ({ runs }: Size): number => Math.max(...runs.map((run) => run.peakOfChildren));
const written = ({ runs }: Size): number => Math.max(...runs.map((run) => run.writtenToDisk));

export const memory: Section<Memory> = {
  name: 'memory',
  measure: async ({ stage: opened, options, say }) => {
    const stage = await opened();
    const bundle = stage.bundleOf('export');
    const exported = async (schema: string, bytes: number, megabytes: number, rounds: number) => {
      const runs: Measured[] = [];
      let stored = 0;
      for (let round = 1; round <= rounds; round += 1) {
        const {
          result: _,
          backups,
          ...measured
        } = await runExport({
          stage,
          bundle,
          schemas: [schema],
        });
        stored = backups[0]?.size ?? 0;
        runs.push(measured);
        say(`memory with ${megabytes} MB: ${mib(measured.peakMemory)}`);
      }
      return { megabytes, bytes, stored, runs };
    };
    const sizes: Size[] = [];
    for (const megabytes of [...MEGABYTES, ...(options.long ? [LONG] : [])]) {
      const filled = await stage.data.mixed(megabytes);
      const rounds = megabytes === LONG ? 1 : ROUNDS;
      sizes.push(await exported(filled.schema, filled.bytes, megabytes, rounds));
      if (megabytes === LONG) await stage.data.drop(filled);
    }
    const sql = wideRows('wide', WIDE.rows, WIDE.bytes);
    const filled = await stage.data.other('wide', 'rows of 100 MB', sql);
    const wide = await exported(filled.schema, filled.bytes, (WIDE.rows * WIDE.bytes) / 1e6, 1);
    await stage.data.drop(filled);
    return { sizes, wide };
  },
  targets: ({ sizes }) => {
    const of = (megabytes: number) => sizes.find((size) => size.megabytes === megabytes);
    const [hundred, thousand] = [of(100), of(1000)];
    const growth = hundred && thousand ? highest(thousand) / highest(hundred) : Number.NaN;
    return [
      atMost(
        'peak memory of the export worker with its children',
        WANTED_BYTES,
        Math.max(...sizes.map(highest)),
        (bytes) => `${(bytes / 1e6).toFixed(0)} MB`,
      ),
      atMost('that of 1 GB beside that of 100 MB', WANTED_GROWTH, growth, (value) =>
        value.toFixed(2),
      ),
      atMost('bytes written to disk', 0, Math.max(...sizes.map(written)), String),
    ];
  },
  lines: ({ sizes, wide }) => {
    const row = (name: string, size: Size): string[] => [
      name,
      mib(size.bytes),
      mib(size.stored),
      mib(highest(size)),
      mib(ofChildren(size)),
      `${written(size)} B`,
      seconds(Math.min(...size.runs.map((run) => run.seconds))),
    ];
    return [
      '## Memory and disk',
      '',
      `Highest resident memory of the export worker and its children, each at its own height, added; pages that they share count in each. The most of ${ROUNDS} runs.`,
      '',
      ...table(
        [
          'data',
          'on the server',
          'stored',
          'peak memory',
          'of it `pg_dump`',
          'written to disk',
          'time',
        ],
        [
          ...sizes.map((size) => row(`${size.megabytes} MB`, size)),
          row(`${WIDE.rows} rows of 100 MB`, wide),
        ],
      ),
      'A row is the smallest piece that `pg_dump` can hold: it gets a row of 100 MB of `bytea` as 200 MB of text, and has it in memory once as libpq receives it and once as it is compressed. A function that meets such rows needs that much more memory; what is Larder’s own stays as it is.',
      '',
    ];
  },
};
