import { readEnvironment } from '../../adapters/postgres/fingerprint/environment.ts';
import { readFingerprint } from '../../adapters/postgres/fingerprint/schema-fingerprint.ts';
import { PLANNED_BY_INDEX } from '../../adapters/postgres/session/planned-by-index.ts';
import {
  commonSettings,
  startupOptions,
} from '../../adapters/postgres/session/session-settings.ts';
import { ENV } from '../../core/contract.ts';
import { addTenants, evenSample, listProjects, openTenants, TABLES } from '../many-schemas.ts';
import { median, milliseconds, spread, table, times } from '../numbers.ts';
import type { Bench, Section } from '../section.ts';
import { type ServerCpu, serverCpuOf } from '../server-cpu.ts';
import type { Stage } from '../stage.ts';
import { atMost } from '../targets.ts';
import { runDumps, runExport } from './contenders.ts';

/**
 * What one project costs beside few neighbors and beside many: CPU of the worker, of its children and of the server, for an export by the
 * engine with kept templates and for stock pg_dump alone. What a process costs to start is measured with one project and subtracted.
 */
const DATABASE = 'neighbors';
const FEW = 10;
const MANY = 1500;
/** Projects of a run, of which each process exports all, one after the other. */
const SAMPLE = 10;
const FINGERPRINTS = 20;
const WANTED_RATIO = 1.2;
const WANTED_SHARE = 1 / 50;
const WANTED_MS = 10;

interface Point {
  readonly schemas: number;
  /** Fingerprint and environment, each in a session of its own; milliseconds. */
  readonly fingerprintMs: readonly number[];
  /** CPU seconds of a project, of each round. */
  readonly exportCpu: readonly number[];
  readonly dumpCpu: readonly number[];
}

export interface Neighbors {
  readonly few: Point;
  readonly many: Point;
}

const fingerprintMs = async ({ postgres }: Stage, schema: string): Promise<number> => {
  const options = startupOptions({ ...commonSettings(), ...PLANNED_BY_INDEX, search_path: '' });
  const client = await postgres.session(DATABASE, 'postgres', options);
  try {
    // The first query of a session fills its caches, as the queries before the fingerprint do in an export.
    await client.query('SELECT count(*) FROM pg_catalog.pg_class WHERE oid = 1259');
    const begun = performance.now();
    await readFingerprint(client, [schema]);
    await readEnvironment(client);
    return performance.now() - begun;
  } finally {
    await client.end();
  }
};

/** CPU of processes that do this for some projects, and of the server meanwhile. */
const cpuOf = async (server: ServerCpu, work: () => Promise<{ cpuSeconds: number }>) => {
  const before = server.read();
  const { cpuSeconds } = await work();
  return cpuSeconds + server.read() - before;
};

/** CPU of one more project. */
const eachOf = async (
  server: ServerCpu,
  schemas: readonly string[],
  work: (some: readonly string[]) => Promise<{ cpuSeconds: number }>,
): Promise<number> => {
  const one = await cpuOf(server, () => work(schemas.slice(0, 1)));
  const all = await cpuOf(server, () => work(schemas));
  return (all - one) / (schemas.length - 1);
};

const measurePoint = async (
  { options, say }: Bench,
  stage: Stage,
  server: ServerCpu,
  schemas: number,
): Promise<Point> => {
  const sample = evenSample(schemas, Math.min(SAMPLE, schemas));
  await listProjects(stage, DATABASE, sample);
  const bundle = stage.bundleOf('export');
  const defaults = JSON.parse(stage.environment('export')[ENV.exportDefaults] ?? '{}');
  const changes = {
    [ENV.exportDefaults]: JSON.stringify({ ...defaults, engine: 'larder', templates: 'kept' }),
  };
  const exporting = (some: readonly string[]) =>
    runExport({ stage, bundle, schemas: some, database: DATABASE, changes });
  const dumping = (some: readonly string[]) =>
    runDumps(stage, some, ['--format=custom', '--compress=zstd:1'], DATABASE);
  // Keeps their templates.
  await exporting(sample);
  const times = { exportCpu: [] as number[], dumpCpu: [] as number[] };
  for (let round = 1; round <= options.rounds; round += 1) {
    times.exportCpu.push(await eachOf(server, sample, exporting));
    times.dumpCpu.push(await eachOf(server, sample, dumping));
    say(`${schemas} schemas, round ${round} of ${options.rounds}`);
  }
  const prints: number[] = [];
  for (let n = 0; n < FINGERPRINTS; n += 1)
    prints.push(await fingerprintMs(stage, sample[n % sample.length] ?? ''));
  return { schemas, fingerprintMs: prints, ...times };
};

const ratioOf = (one: readonly number[], other: readonly number[]): number =>
  median(one) / median(other);

export const neighbors: Section<Neighbors> = {
  name: 'neighbors',
  measure: async (bench) => {
    const stage = await bench.stage();
    const server = await serverCpuOf(stage.postgres);
    await openTenants(stage, DATABASE);
    try {
      await addTenants(stage, DATABASE, 1, FEW);
      const few = await measurePoint(bench, stage, server, FEW);
      const most = Math.max(FEW + 1, Math.min(MANY, bench.options.schemas.at(-1) ?? MANY));
      await addTenants(stage, DATABASE, FEW + 1, most);
      return { few, many: await measurePoint(bench, stage, server, most) };
    } finally {
      await stage.postgres.sql(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
    }
  },
  targets: ({ few, many }) => [
    atMost(
      `CPU of an export at ${many.schemas} schemas beside that at ${few.schemas}`,
      WANTED_RATIO,
      ratioOf(many.exportCpu, few.exportCpu),
      (value) => value.toFixed(2),
    ),
    atMost(
      `CPU of an export beside \`pg_dump -n\` alone, at ${many.schemas} schemas`,
      WANTED_SHARE,
      ratioOf(many.exportCpu, many.dumpCpu),
      (value) => `1/${(1 / value).toFixed(1)}`,
    ),
    atMost(
      'fingerprint and environment, in a new session',
      WANTED_MS,
      median(many.fingerprintMs),
      (value) => `${value.toFixed(1)} ms`,
    ),
  ],
  lines: ({ few, many }) => [
    '## What neighbors cost',
    '',
    `CPU of one project of ${TABLES} tables: of the worker, its children and the server together, without what a process costs to start. An export by Larder's engine (\`export.engine: 'larder'\`) with templates that are kept in the vault, and \`pg_dump -n\` alone. ${times(few.exportCpu.length)}: median, with the least and the most. The fingerprint is read with its planning, in a new session each.`,
    '',
    ...table(
      ['schemas', 'export', '`pg_dump -n`', 'fingerprint'],
      [few, many].map((one) => [
        String(one.schemas),
        spread(one.exportCpu, (value) => milliseconds(value * 1000)),
        spread(one.dumpCpu, (value) => milliseconds(value * 1000)),
        spread(one.fingerprintMs, (value) => `${value.toFixed(1)} ms`),
      ]),
    ),
  ],
};
