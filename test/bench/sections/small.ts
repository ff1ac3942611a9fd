import { statSync } from 'node:fs';
import { DATABASE } from '../data.ts';
import { median, milliseconds, spread, table } from '../numbers.ts';
import { smallSchema } from '../schema.ts';
import type { Section } from '../section.ts';
import type { Stage } from '../stage.ts';
import { atMost } from '../targets.ts';
import { runExport, runRecipe } from './contenders.ts';
import { manifestFileOf } from './manifests.ts';
import { countRequests, type RequestCount } from './requests.ts';

/** A project as most are: 10 tables, about 100 kB of rows. */
const TABLES = 10;
const ROWS = 80;
const PROJECTS = 20;
const WANTED_MS = 150;

export interface Small {
  readonly dumpBytes: number;
  readonly manifestBytes: number;
  /** Milliseconds of `pg_dump -Fc zstd:1` alone, by project. */
  readonly dump: readonly number[];
  /** Milliseconds of the whole export, in a process that has made one before. */
  readonly warm: readonly number[];
  /** The first one of a process, without its start. */
  readonly first: number;
  readonly requests: readonly RequestCount[];
}

const fill = async (stage: Stage): Promise<string[]> => {
  const schemas = Array.from({ length: PROJECTS }, (_, index) => `small_${index + 1}`);
  for (const schema of schemas) {
    await stage.data.other(schema, '100 kB', smallSchema(schema, TABLES, ROWS));
  }
  return schemas;
};

export const small: Section<Small> = {
  name: 'small',
  measure: async ({ stage: opened, say }) => {
    const stage = await opened();
    const schemas = await fill(stage);
    const dumpAlone = async (schema: string) => {
      const flags = ['--format=custom', '--compress=zstd:1'];
      const run = await runRecipe(stage, {
        way: 'nowhere',
        flags: stage.dumpFlags(schema, DATABASE, flags),
      });
      return run.result;
    };
    const bundle = stage.bundleOf('export');
    const [warmUp = '', ...others] = schemas;
    await dumpAlone(warmUp);
    await runExport({ stage, bundle, schemas });
    const dump: number[] = [];
    let dumpBytes = 0;
    for (const schema of others) {
      const alone = await dumpAlone(schema);
      dump.push(1000 * alone.seconds);
      dumpBytes = alone.bytes;
    }
    const exported = await runExport({ stage, bundle, schemas });
    const [first = Number.NaN, ...warm] = exported.result.seconds.map((one) => 1000 * one);
    say(
      `small projects: ${milliseconds(median(warm))}, pg_dump alone ${milliseconds(median(dump))}`,
    );
    const requests = await countRequests(stage, bundle, warmUp);
    const manifestBytes = statSync(manifestFileOf(stage, exported.backups[0]?.fileId ?? '')).size;
    return { dumpBytes, manifestBytes, dump, warm, first, requests };
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
      `${TABLES} tables, 100 kB; ${PROJECTS - 1} such projects one after another in one process, as a warm function has them: median, with the shortest and the longest.`,
      '',
      ...table(
        ['', 'time'],
        [
          ['`pg_dump -Fc zstd:1` alone', spread(dump, milliseconds)],
          ['the export', spread(warm, milliseconds)],
          ['the first one of a process', milliseconds(first)],
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
