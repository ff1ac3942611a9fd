import { statSync } from 'node:fs';
import { median, milliseconds, spread, table, times } from '../numbers.ts';
import { smallSchema } from '../schema.ts';
import type { Section } from '../section.ts';
import type { Stage } from '../stage.ts';
import { atMost } from '../targets.ts';
import { runDumps, runExport } from './contenders.ts';
import { manifestFileOf } from './manifests.ts';
import { countRequests, type RequestCount } from './requests.ts';

/** A typical project: 10 tables, about 100 kB of rows. */
const TABLES = 10;
const ROWS = 80;
const PROJECTS = 20;
const WANTED_MS = 150;

export interface Small {
  readonly dumpBytes: number;
  readonly manifestBytes: number;
  /** Milliseconds of `pg_dump -Fc zstd:1` alone, in a process that has already made one: for each project in each round. */
  readonly dump: readonly number[];
  /** The same for the whole export. */
  readonly warm: readonly number[];
  /** The first one of each round's process, without its start. */
  readonly first: readonly number[];
  readonly requests: readonly RequestCount[];
}

const fill = async (stage: Stage): Promise<string[]> => {
  const schemas = Array.from({ length: PROJECTS }, (_, index) => `small_${index + 1}`);
  for (const schema of schemas) {
    await stage.data.other(schema, '100 kB', smallSchema(schema, TABLES, ROWS));
  }
  return schemas;
};

const inMilliseconds = (values: readonly number[]): number[] => values.map((one) => 1000 * one);

export const small: Section<Small> = {
  name: 'small',
  form: 2,
  measure: async ({ stage: opened, options, say }) => {
    const stage = await opened();
    const schemas = await fill(stage);
    const bundle = stage.bundleOf('export');
    const figures = { dump: [] as number[], warm: [] as number[], first: [] as number[] };
    let dumpBytes = 0;
    let fileId = '';
    for (let round = 0; round <= options.rounds; round += 1) {
      const alone = await runDumps(stage, schemas, ['--format=custom', '--compress=zstd:1']);
      const exported = await runExport({ stage, bundle, schemas });
      // The first ones are a warm-up.
      if (round === 0) continue;
      const [, ...dump] = inMilliseconds(alone.result.seconds);
      const [first = Number.NaN, ...warm] = inMilliseconds(exported.result.seconds);
      figures.dump.push(...dump);
      figures.warm.push(...warm);
      figures.first.push(first);
      dumpBytes = alone.result.bytes[0] ?? 0;
      fileId = exported.backups[0]?.fileId ?? '';
      say(
        `small projects, round ${round}: ${milliseconds(median(warm))}, pg_dump alone ${milliseconds(median(dump))}`,
      );
    }
    const requests = await countRequests(stage, bundle, schemas[0] ?? '');
    const manifestBytes = statSync(manifestFileOf(stage, fileId)).size;
    return { dumpBytes, manifestBytes, ...figures, requests };
  },
  targets: ({ dump, warm }) => [
    atMost(
      'time of a small export beyond `pg_dump` alone',
      WANTED_MS,
      median(warm) - median(dump),
      milliseconds,
    ),
  ],
  lines: ({ dump, warm, first, requests }) => {
    const total = requests.reduce((sum, one) => sum + one.count, 0);
    return [
      '## A small project',
      '',
      `${TABLES} tables, 100 kB; ${PROJECTS - 1} such projects one after another in one process, as a warm function has them, and as many dumps in another, in turn: ${times(first.length)} after a warm-up, median, with the shortest and the longest.`,
      '',
      ...table(
        ['', 'time'],
        [
          ['`pg_dump -Fc zstd:1` alone', spread(dump, milliseconds)],
          ['the export', spread(warm, milliseconds)],
          ['the first export of a process', spread(first, milliseconds)],
        ],
      ),
      `Requests of one such export in a new process: ${total}.`,
      '',
      ...table(
        ['service', 'request', 'times', 'why'],
        requests.map((one) => [one.service, one.operation, String(one.count), one.reason]),
      ),
    ];
  },
};
