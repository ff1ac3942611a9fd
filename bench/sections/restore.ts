import { copyFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { makeRestores } from '../../adapters/dynamodb/jobs.ts';
import type { Backup } from '../../core/backup.ts';
import { ENV } from '../../core/contract.ts';
import type { Restore } from '../../core/restore.ts';
import { restoreRow } from '../../test/support/jobs.ts';
import { clientPrograms } from '../../test/support/postgres.ts';
import type { RestoreTask } from '../contenders/restorer.ts';
import type { WorkerResult, WorkerTask } from '../contenders/worker.ts';
import { bytesOf, DATABASE } from '../data.ts';
import { type Measured, measure } from '../measure.ts';
import { median, mib, seconds, spread, table } from '../numbers.ts';
import type { Bench, Section } from '../section.ts';
import type { Stage } from '../stage.ts';
import { atMost } from '../targets.ts';
import { runExport } from './contenders.ts';

/** A schema restored beside the original, against `pg_restore` of the same archive into an empty database. */
const WANTED = 1.15;
/** At first the server writes gigabytes into new files, later into reused space: its speed is stable after two rounds. */
const WARM_UPS = 2;

export interface RestoreFigures {
  readonly bytes: number;
  readonly rounds: number;
  readonly alone: readonly Measured[];
  readonly larder: readonly Measured[];
}

const runAlone = async (stage: Stage, file: string): Promise<Measured> => {
  const programs = (await clientPrograms()).clients.find(({ pgDump }) => pgDump === stage.pgDump);
  if (!programs) throw new Error('There is no pg_restore of that major.');
  const database = await stage.postgres.database();
  const { result: _, ...measured } = await measure({
    script: stage.contenders.restorer,
    task: {
      pgRestore: programs.pgRestore,
      flags: [
        `--dbname=host=127.0.0.1 port=${stage.postgres.port} dbname=${database} user=postgres`,
        '--exit-on-error',
        '--single-transaction',
        file,
      ],
    } satisfies RestoreTask,
    environment: stage.environment('restore'),
  });
  await stage.postgres.sql(`DROP DATABASE "${database}"`);
  return measured;
};

/** Requests a restore and lets the deployed bundle handle its message. @throws Error if it is not completed */
const runRestore = async (
  stage: Stage,
  bundle: string,
  { projectId, id: backupId, schemaName }: Backup,
): Promise<{ measured: Measured; restore: Restore }> => {
  const access = { table: stage.table, client: stage.tables.client, clock: Date.now };
  const restores = makeRestores(access);
  const asked = restoreRow(Date.now(), { projectId, projectName: projectId, backupId, schemaName });
  await restores.create(asked);
  const body = JSON.stringify({ projectId, restoreId: asked.id });
  const event = { Records: [{ messageId: asked.id, receiptHandle: 'none', body }] };
  const { result: _, ...measured } = await measure<WorkerResult>({
    script: stage.contenders.worker,
    flags: stage.nodeFlagsOf('restore'),
    task: { bundle, events: [event] } satisfies WorkerTask,
    environment: stage.environment('restore', { [ENV.source]: stage.sourceOf(DATABASE) }),
  });
  const restore = await restores.get(projectId, asked.id);
  if (restore?.status !== 'completed') {
    throw new Error(`The restore is ${restore?.status}: ${restore?.error?.message}`);
  }
  return { measured, restore };
};

/** The contenders alternate. Before each one, the previous restore is dropped and the server has written everything to disk. */
const measureInTurn = async (
  { options, say }: Bench,
  stage: Stage,
  backup: Backup,
  file: string,
): Promise<Pick<RestoreFigures, 'alone' | 'larder' | 'rounds'>> => {
  const bundle = stage.bundleOf('restore');
  const { rounds } = options;
  const alone: Measured[] = [];
  const larder: Measured[] = [];
  for (let round = 1 - WARM_UPS; round <= rounds; round += 1) {
    await stage.postgres.sql('CHECKPOINT');
    const restored = await runAlone(stage, file);
    await stage.postgres.sql('CHECKPOINT');
    const { measured, restore } = await runRestore(stage, bundle, backup);
    for (const { to } of restore.outcome?.schemas ?? []) {
      await stage.postgres.sql(`DROP SCHEMA "${to}" CASCADE`, DATABASE);
    }
    say(
      `round ${round}  pg_restore ${seconds(restored.seconds)}  larder ${seconds(measured.seconds)}`,
    );
    if (round < 1) continue;
    alone.push(restored);
    larder.push(measured);
  }
  return { rounds, alone, larder };
};

export const restore: Section<RestoreFigures> = {
  name: 'restore',
  measure: async (bench) => {
    const stage = await bench.stage();
    const { schema } = await stage.data.mixed(bench.options.megabytes);
    const { backups } = await runExport({
      stage,
      bundle: stage.bundleOf('export'),
      schemas: [schema],
    });
    const [backup] = backups;
    if (!backup?.fileId) throw new Error('The backup has no object.');
    const file = path.join(stage.folder, 'backup.dump');
    copyFileSync(stage.storedFile(backup.fileId), file);
    try {
      const bytes = await bytesOf(stage.postgres, schema);
      return { bytes, ...(await measureInTurn(bench, stage, backup, file)) };
    } finally {
      rmSync(file, { force: true });
    }
  },
  targets: ({ alone, larder }) => {
    const time = (all: readonly Measured[]) => median(all.map((one) => one.seconds));
    return [
      atMost(
        'time of a restore beside that of `pg_restore` alone',
        WANTED,
        time(larder) / time(alone),
        (value) => value.toFixed(2),
      ),
    ];
  },
  lines: ({ bytes, rounds, alone, larder }) => {
    const rowOf = (name: string, all: readonly Measured[]): string[] => [
      name,
      spread(
        all.map((one) => one.seconds),
        seconds,
      ),
      spread(
        all.map((one) => one.cpuSeconds),
        seconds,
      ),
      mib(median(all.map((one) => one.peakMemory))),
      mib(median(all.map((one) => one.writtenToDisk))),
    ];
    return [
      '## Restore beside a live schema',
      '',
      `${mib(bytes)} on the server, ${rounds} rounds in turn after ${WARM_UPS} that are not counted. \`pg_restore\` reads an existing file and writes into an empty database; the restore function reads from S3, takes the digest, restores beside the schema that is live, counts every table and compares it with the manifest before its COMMIT.`,
      '',
      ...table(
        ['contender', 'time', 'client CPU', 'peak memory', 'written to disk'],
        [rowOf('`pg_restore` alone', alone), rowOf('Larder’s restore function', larder)],
      ),
    ];
  },
};
