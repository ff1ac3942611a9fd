import type { Measured } from '../measure.ts';
import { median, mib, seconds, spread, table } from '../numbers.ts';
import { wideRows } from '../schema.ts';
import type { Section } from '../section.ts';
import { atMost } from '../targets.ts';
import { runExport } from './contenders.ts';

/** The benchmark's size is divided by these: 10 MB, 100 MB and 1 GB. With --long also 10 GB, once. */
const DIVISORS = [100, 10, 1] as const;
const LONG = 10;
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

/** The target applies to the run that needed most. */
const highest = ({ runs }: Size): number => Math.max(...runs.map((run) => run.peakMemory));
const ordinary = ({ runs }: Size): number => median(runs.map((run) => run.peakMemory));
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
    for (const divisor of DIVISORS) {
      const megabytes = options.megabytes / divisor;
      const { schema, bytes } = await stage.data.mixed(megabytes);
      sizes.push(await exported(schema, bytes, megabytes, options.rounds));
    }
    if (options.long) {
      const filled = await stage.data.mixed(options.megabytes * LONG);
      sizes.push(await exported(filled.schema, filled.bytes, options.megabytes * LONG, 1));
      await stage.data.drop(filled);
    }
    const sql = wideRows('wide', WIDE.rows, WIDE.bytes);
    const filled = await stage.data.other('wide', 'rows of 100 MB', sql);
    const { schema, bytes } = filled;
    const wide = await exported(schema, bytes, (WIDE.rows * WIDE.bytes) / 1e6, options.rounds);
    await stage.data.drop(filled);
    return { sizes, wide };
  },
  targets: ({ sizes }) => {
    const [, tenth, whole] = sizes;
    const growth = tenth && whole ? ordinary(whole) / ordinary(tenth) : Number.NaN;
    return [
      atMost(
        'peak memory of the export worker with its children',
        WANTED_BYTES,
        Math.max(...sizes.map(highest)),
        (bytes) => `${(bytes / 1e6).toFixed(0)} MB`,
      ),
      atMost(
        `that of ${whole?.megabytes} MB beside that of ${tenth?.megabytes} MB`,
        WANTED_GROWTH,
        growth,
        (value) => value.toFixed(2),
      ),
      atMost('bytes written to disk', 0, Math.max(...sizes.map(written)), String),
    ];
  },
  lines: ({ sizes, wide }) => {
    const row = (name: string, size: Size): string[] => [
      name,
      String(size.runs.length),
      mib(size.bytes),
      mib(size.stored),
      mib(ordinary(size)),
      mib(highest(size)),
      mib(ofChildren(size)),
      `${written(size)} B`,
      spread(
        size.runs.map((run) => run.seconds),
        seconds,
      ),
    ];
    return [
      '## Memory and disk',
      '',
      `Highest resident memory of the export worker and its children, each at its own height, added; pages that they share count in each. Of as many runs as the table says: the median, which tells the growth, and the most, which is held against what is wanted; of \`pg_dump\`’s part and of the bytes written, the most; of the time, the median, with the least and the most.`,
      '',
      ...table(
        [
          'data',
          'runs',
          'on the server',
          'stored',
          'peak memory',
          'the most',
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
