import { bytesOf, DATABASE, type Filled } from '../data.ts';
import type { Measured } from '../measure.ts';
import { median, mib, seconds, spread, table, times } from '../numbers.ts';
import type { Bench, Section } from '../section.ts';
import type { Stage } from '../stage.ts';
import { atMost } from '../targets.ts';
import { coldDatabase, forgetPages } from './cold.ts';
import { CONTENDER_NAMES, CONTENDERS, type Contender, runContender } from './contenders.ts';

/** Larder in comparison with each contender. */
const WANTED = { 'gzip-file': 0.45, 'custom-default': 0.45, 'custom-zstd-1': 1.2 } as const;
const WANTED_CPU = 1.25;

export interface Throughput {
  readonly megabytes: number;
  readonly bytes: number;
  readonly rounds: number;
  readonly warm: Readonly<Record<Contender, readonly Measured[]>>;
  /** Not vacuumed and read from the disk, once. */
  readonly cold: Readonly<Partial<Record<Contender, Measured>>>;
}

/** The contenders alternate, so that other load on the machine affects all of them equally. */
const measureWarm = async (
  { options, say }: Bench,
  stage: Stage,
  bundle: string,
  { schema }: Filled,
): Promise<Throughput['warm']> => {
  const results: Record<Contender, Measured[]> = {
    'gzip-file': [],
    'custom-default': [],
    'custom-zstd-1': [],
    larder: [],
  };
  for (const contender of CONTENDERS) await runContender(stage, contender, bundle, schema);
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const contender of CONTENDERS) {
      const measured = await runContender(stage, contender, bundle, schema);
      say(`round ${round}  ${contender.padEnd(16)} ${seconds(measured.seconds)}`);
      results[contender].push(measured);
    }
  }
  return results;
};

/** Each contender gets its own unread copy, because the first reader does work that later readers save. */
const measureCold = async (
  { options, say }: Bench,
  stage: Stage,
  bundle: string,
): Promise<Throughput['cold']> => {
  const results: Partial<Record<Contender, Measured>> = {};
  const cold = await coldDatabase(stage, options.megabytes, say);
  for (const contender of CONTENDERS) {
    const database = await cold.copy();
    await forgetPages(stage, database);
    results[contender] = await runContender(stage, contender, bundle, cold.schema, database);
    say(`cold     ${contender.padEnd(16)} ${seconds(results[contender].seconds)}`);
    await cold.drop(database);
  }
  await cold.close();
  return results;
};

export const throughput: Section<Throughput> = {
  name: 'throughput',
  measure: async (bench) => {
    const stage = await bench.stage();
    const { megabytes, rounds } = bench.options;
    const filled = await stage.data.mixed(megabytes);
    const bundle = stage.bundleOf('export');
    const warm = await measureWarm(bench, stage, bundle, filled);
    const cold = await measureCold(bench, stage, bundle);
    const bytes = await bytesOf(stage.postgres, filled.schema, DATABASE);
    return { megabytes, bytes, rounds, warm, cold };
  },
  targets: ({ warm }) => {
    const time = (contender: Contender) => median(warm[contender].map((one) => one.seconds));
    const cpu = (contender: Contender) => median(warm[contender].map((one) => one.cpuSeconds));
    const plain = (value: number) => value.toFixed(2);
    return [
      ...(['gzip-file', 'custom-default', 'custom-zstd-1'] as const).map((contender) =>
        atMost(
          `Larder’s time beside ${CONTENDER_NAMES[contender]}`,
          WANTED[contender],
          time('larder') / time(contender),
          plain,
        ),
      ),
      atMost(
        `Larder’s client CPU beside ${CONTENDER_NAMES['custom-zstd-1']}`,
        WANTED_CPU,
        cpu('larder') / cpu('custom-zstd-1'),
        plain,
      ),
    ];
  },
  lines: ({ bytes, rounds, warm, cold }) => {
    const rowOf = (contender: Contender): string[] => {
      const all = warm[contender];
      const once = cold[contender];
      return [
        CONTENDER_NAMES[contender],
        spread(
          all.map((one) => one.seconds),
          seconds,
        ),
        spread(
          all.map((one) => one.cpuSeconds),
          seconds,
        ),
        spread(
          all.map((one) => one.peakMemory),
          mib,
        ),
        mib(Math.max(...all.map((one) => one.writtenToDisk))),
        once ? seconds(once.seconds) : '',
      ];
    };
    return [
      '## Throughput, one schema',
      '',
      `${mib(bytes)} on the server (text, jsonb, numeric, timestamps; the generator's seed is fixed), ${times(rounds)} in turn after a warm-up of each: median, with the least and the most; of the bytes written, the most. CPU is that of the client: the process with its \`pg_dump\`, and not of the server. The last column is one run on a copy that was never vacuumed nor read, with no page of it in memory.`,
      '',
      ...table(
        ['contender', 'time', 'client CPU', 'peak memory', 'written to disk', 'cold'],
        CONTENDERS.map(rowOf),
      ),
    ];
  },
};
