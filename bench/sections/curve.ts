import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runIdOf } from '../../core/ids.ts';
import { type Manifest, manifest } from '../../core/manifest.ts';
import { type LocalStack, startStack } from '../../local/stack.ts';
import { makeApiClient } from '../../local/start/api-client.ts';
import { secretArnOf } from '../../local/start/config.ts';
import { allCompleted, type FinishedRun, followRun } from '../../local/start/follow.ts';
import { scheduledTime } from '../../local/triggers/scheduler.ts';
import { clientRoot, PASSWORD } from '../../test/support/postgres.ts';
import { synthesizeFor } from '../deployed.ts';
import { addTenants, evenSample, listProjects, openTenants, TABLES } from '../many-schemas.ts';
import { median, mib, seconds, spread, table } from '../numbers.ts';
import type { Bench, Section } from '../section.ts';
import { SOURCE, type Stage } from '../stage.ts';
import { runDumps } from './contenders.ts';

/**
 * One database with an increasing number of schemas. pg_dump reads the catalog of all of them each time, so an export
 * becomes slower with the number of other schemas; Larder's own share should not. Both are shown, for the same projects
 * with the same concurrency.
 */
const AT_ONCE = 3;
/** Number of projects exported at each count, if it is not all of them. */
const SAMPLE = 24;
const DATABASE = 'many';
const FOLLOW_MS = 250;
/** All of 1,500 schemas took three and a half hours. */
const LONGEST_RUN_MS = 24 * 3_600_000;

interface Point {
  readonly schemas: number;
  readonly sampled: number;
  /** Of one `pg_dump`, with others beside it. */
  readonly dumpSeconds: readonly number[];
  readonly dumpMemory: number;
  /** Of one export: all of it, and the part in which its `pg_dump` runs. */
  readonly exportSeconds: readonly number[];
  readonly exportDumpSeconds: readonly number[];
  /** From firing the schedule to the last backup. */
  readonly runSeconds: number;
}

export interface Curve {
  readonly atOnce: number;
  readonly points: readonly Point[];
}

/** Schemas spread evenly over all of them, so that no part of the catalog is favored. */
const sampleOf = (schemas: number, all: boolean): string[] =>
  evenSample(schemas, all ? schemas : Math.min(SAMPLE, schemas));

/**
 * `pg_dump` alone, with the same concurrency as exports, each of them in a process that has already made one dump, like an
 * export's worker.
 */
const dumpAlone = async (stage: Stage, schemas: readonly string[]) => {
  const shares = Array.from({ length: AT_ONCE }, (_, i) =>
    schemas.filter((__, index) => index % AT_ONCE === i),
  ).filter((share) => share.length);
  const flags = ['--format=custom', '--compress=zstd:1'];
  const runs = await Promise.all(
    shares.map((share) => runDumps(stage, [share[0] ?? '', ...share], flags, DATABASE)),
  );
  return {
    seconds: runs.flatMap(({ result }) => result.seconds.slice(1)),
    memory: Math.max(...runs.map((run) => run.peakOfChildren)),
  };
};

const manifestsIn = (folder: string, runId: string): Manifest[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.manifest.json'))
    .map((name) => manifest.parse(JSON.parse(readFileSync(path.join(folder, name), 'utf8'))))
    .filter((one) => one.backup.runId === runId);

/** When the last backup of a run was completed, milliseconds of the clock. */
const lastOf = ({ backups }: FinishedRun): number =>
  Math.max(...backups.map(({ completedAt }) => Date.parse(String(completedAt))));

/** Fires the schedule and waits for all its backups; returns their manifests. */
const exportAll = async (stack: LocalStack) => {
  const at = new Date(Math.floor(Date.now() / 1000) * 1000);
  const begun = Date.now();
  await stack.fireSchedule('nightly', at);
  const runId = runIdOf('nightly', scheduledTime(at));
  const finished = await followRun({
    api: makeApiClient(stack.apiUrl, stack.apiToken),
    runId,
    signal: AbortSignal.timeout(LONGEST_RUN_MS),
    everyMs: FOLLOW_MS,
    onRunning: () => undefined,
  });
  if (!allCompleted(finished)) throw new Error(`Not every export of ${runId} was completed.`);
  return {
    runSeconds: (lastOf(finished) - begun) / 1000,
    manifests: manifestsIn(stack.vaultFolder, runId),
  };
};

const measurePoint = async (
  { options, say }: Bench,
  stage: Stage,
  stack: LocalStack,
  schemas: number,
): Promise<Point> => {
  const sample = sampleOf(schemas, options.everyProject);
  const alone = await dumpAlone(stage, sample);
  // A run that does not count starts the functions' processes.
  await listProjects(stage, DATABASE, sample.slice(0, AT_ONCE));
  await exportAll(stack);
  await listProjects(stage, DATABASE, sample);
  const { runSeconds, manifests } = await exportAll(stack);
  say(`${schemas} schemas: ${seconds(runSeconds)} for ${sample.length} exports`);
  return {
    schemas,
    sampled: sample.length,
    dumpSeconds: alone.seconds,
    dumpMemory: alone.memory,
    exportSeconds: manifests.map(({ timings }) => timings.totalMs / 1000),
    exportDumpSeconds: manifests.map(({ timings }) => timings.dumpMs / 1000),
    runSeconds,
  };
};

export const curve: Section<Curve> = {
  name: 'curve',
  measure: async (bench) => {
    const stage = await bench.stage();
    const folder = path.join(stage.folder, 'curve');
    const temporaryFolder = path.join(folder, 'functions');
    mkdirSync(temporaryFolder, { recursive: true });
    await openTenants(stage, DATABASE);
    const source = {
      name: SOURCE,
      host: '127.0.0.1',
      port: stage.postgres.port,
      database: DATABASE,
      tls: 'disable' as const,
    };
    const stack = await startStack({
      synthesized: await synthesizeFor(folder, source),
      dataDir: path.join(folder, 'stack-data'),
      temporaryFolder,
      secrets: new Map([
        [secretArnOf(SOURCE), JSON.stringify({ username: 'postgres', password: PASSWORD })],
      ]),
      postgresRoots: [await clientRoot()],
      port: 0,
      onProblem: bench.say,
    });
    try {
      const points: Point[] = [];
      let there = 0;
      for (const schemas of bench.options.schemas) {
        bench.say(`a database with ${schemas} schemas ...`);
        await addTenants(stage, DATABASE, there + 1, schemas);
        there = schemas;
        points.push(await measurePoint(bench, stage, stack, schemas));
      }
      return { atOnce: AT_ONCE, points };
    } finally {
      await stack.stop();
      await stage.postgres.sql(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
    }
  },
  lines: ({ atOnce, points }) => [
    '## Many projects in one database',
    '',
    `Schemas of ${TABLES} tables each, exported by a run of the local stack, ${atOnce} at once, as its configuration has it; \`pg_dump\` alone on the same schemas, as many at once, for comparison. Medians of the projects that were exported, with the least and the most; of the memory of \`pg_dump\`, the most. Where not every schema was exported, a sample was that is spread over all of them: the last column is what all would take (\`--every-project\` exports them). Server, stack and exports share this machine’s cores.`,
    '',
    ...table(
      [
        'schemas',
        'exported',
        '`pg_dump` alone',
        'its memory',
        'an export',
        'of it before and after its `pg_dump`',
        'of it beyond `pg_dump` alone',
        'the run, a project',
        'all schemas would take',
      ],
      points.map((one) => {
        const each = one.runSeconds / one.sampled;
        const minutes = (each * one.schemas) / 60;
        return [
          String(one.schemas),
          String(one.sampled),
          spread(one.dumpSeconds, seconds),
          mib(one.dumpMemory),
          spread(one.exportSeconds, seconds),
          seconds(median(one.exportSeconds.map((all, i) => all - (one.exportDumpSeconds[i] ?? 0)))),
          seconds(median(one.exportSeconds) - median(one.dumpSeconds)),
          seconds(each),
          `${minutes.toFixed(1)} min`,
        ];
      }),
    ),
    '`pg_dump -n` reads the catalog of the whole database for each schema, so its part grows with the neighbors, in time and in memory. What is before and after it is Larder’s alone: sessions, locks, inventory, manifest, history. Those are of the one schema; only finding its objects in catalogs that have no index by schema becomes slower. The rest of what is beyond `pg_dump` alone is the longer time that it takes within an export, on the same cores as the counting and watching beside it, the upload and the local stack.',
    '',
  ],
};
