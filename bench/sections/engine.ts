import { createReadStream } from 'node:fs';
import path from 'node:path';
import { makeArchiveReader } from '../../adapters/postgres/programs/archive-reader.ts';
import { ENV } from '../../core/contract.ts';
import { ENGINES, type Engine } from '../../core/engine.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { VaultReader } from '../../core/restore-ports.ts';
import { fileOfKey } from '../../local/emulators/s3/objects.ts';
import type { Measured } from '../measure.ts';
import { median, mib, seconds, spread, table } from '../numbers.ts';
import { fillSchema } from '../schema.ts';
import type { Bench, Section } from '../section.ts';
import type { Stage } from '../stage.ts';
import { atMost } from '../targets.ts';
import { runContender, runExport } from './contenders.ts';
import { manifestOf } from './manifests.ts';

/** One large schema, whose rows Larder's engine or pg_dump writes; and what a restore of one small table of it reads. */
const WANTED = { time: 1, cpu: 1.5, memory: 240 * 1024 ** 2, read: 0.02 } as const;
/** The small table's share of the rows. */
const SHARE = 100;
const SMALL = 'small';

type Way = 'custom-zstd-1' | Engine;
const WAYS: readonly Way[] = ['custom-zstd-1', ...ENGINES];
const NAMES: Readonly<Record<Way, string>> = {
  'custom-zstd-1': '`pg_dump` with `zstd:1`, piped to an upload',
  pg_dump: 'Larder, rows by `pg_dump`',
  larder: 'Larder, rows by its engine',
};

export interface EngineFigures {
  readonly bytes: number;
  readonly stored: number;
  readonly runs: Readonly<Record<Way, readonly Measured[]>>;
  /** Bytes that a restore of the small table reads of the object, and the table's own in it. */
  readonly read: number;
  readonly block: number;
}

const schemaOf = (megabytes: number): string => `engine_${String(megabytes).replace('.', '_')}`;

const sqlOf = (schema: string, megabytes: number): string => {
  const rows = Array.from(
    { length: 10 },
    (_, i) => `SELECT * FROM ${schema}.t${i} WHERE n % ${SHARE} = 0`,
  );
  return `${fillSchema(schema, megabytes * 1e6)} CREATE TABLE ${schema}.${SMALL} AS ${rows.join(' UNION ALL ')};`;
};

const exportBy = async (stage: Stage, bundle: string, schema: string, engine: Engine) => {
  const defaults = JSON.parse(stage.environment('export')[ENV.exportDefaults] ?? '{}');
  const changes = { [ENV.exportDefaults]: JSON.stringify({ ...defaults, engine }) };
  const {
    result: _,
    backups,
    ...measured
  } = await runExport({ stage, bundle, schemas: [schema], changes });
  const [backup] = backups;
  if (!backup?.fileId) throw new Error('There is no backup.');
  return { measured, manifest: manifestOf(stage, backup.fileId) };
};

/** A restore reads the contents three times while it plans, and then them and the blocks of its tables. */
const PLANNING_READS = 3;

/** Reads the small table as a restore does, from the file of the local S3. */
const readSmall = async (stage: Stage, manifest: Manifest, schema: string): Promise<number> => {
  const { key, contents } = manifest.object;
  const file = path.join(stage.folder, 's3', 'vault', fileOfKey(key));
  let read = (contents?.bytes ?? 0) * PLANNING_READS;
  const vault: Pick<VaultReader, 'read'> = {
    read: (_, { from, bytes = 0 } = { from: 0 }) =>
      createReadStream(file, { start: from, end: from + bytes - 1 }),
  };
  const readPart = async (from: number, bytes: number): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of vault.read(key, { from, bytes })) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const archives = makeArchiveReader([]);
  const tables = [{ schema, name: SMALL }];
  const { withNeeds: entries } = await archives.choose({
    format: 'custom',
    read: readPart,
    tables,
  });
  const parts = archives.readParts({ manifest, entries, vault });
  if (!parts) throw new Error('The manifest does not say where the tables are.');
  for await (const part of parts) read += part.length;
  return read;
};

const measureEngine = async ({ options, say, ...bench }: Bench): Promise<EngineFigures> => {
  const stage = await bench.stage();
  const schema = schemaOf(options.megabytes);
  const { bytes } = await stage.data.other(
    schema,
    `${options.megabytes} MB`,
    sqlOf(schema, options.megabytes),
  );
  const bundle = stage.bundleOf('export');
  const runs: Record<Way, Measured[]> = { 'custom-zstd-1': [], pg_dump: [], larder: [] };
  let manifest: Manifest | undefined;
  // The first round warms up, and is not counted.
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const way of WAYS) {
      const made =
        way === 'custom-zstd-1'
          ? { measured: await runContender(stage, way, bundle, schema) }
          : await exportBy(stage, bundle, schema, way);
      if ('manifest' in made && way === 'larder') manifest = made.manifest;
      say(`round ${round}  ${way.padEnd(16)} ${seconds(made.measured.seconds)}`);
      if (round > 0) runs[way].push(made.measured);
    }
  }
  if (!manifest) throw new Error('There is no manifest.');
  const small = manifest.tables.find(({ name }) => name === SMALL);
  return {
    ...{ bytes, runs, stored: manifest.object.bytes },
    read: await readSmall(stage, manifest, schema),
    block: small?.copied?.length ?? 0,
  };
};

export const engine: Section<EngineFigures> = {
  name: 'engine',
  measure: measureEngine,
  targets: ({ runs, read, stored }) => {
    const of = (way: Way, what: 'seconds' | 'cpuSeconds') =>
      median(runs[way].map((run) => run[what]));
    const plain = (value: number) => value.toFixed(2);
    const beside = `beside ${NAMES['custom-zstd-1']}`;
    const ratio = (what: 'seconds' | 'cpuSeconds') =>
      of('larder', what) / of('custom-zstd-1', what);
    return [
      atMost(`time of the engine ${beside}`, WANTED.time, ratio('seconds'), plain),
      atMost(`client CPU of the engine ${beside}`, WANTED.cpu, ratio('cpuSeconds'), plain),
      atMost(
        'peak memory of the worker',
        WANTED.memory,
        Math.max(...runs.larder.map((run) => run.peakMemory)),
        mib,
      ),
      atMost(
        'bytes that a restore of one table of 1 % reads, beside the object’s',
        WANTED.read,
        read / stored,
        (value) => `${(value * 100).toFixed(1)} %`,
      ),
    ];
  },
  lines: ({ bytes, stored, runs, read, block }) => [
    '## The engine, one large schema',
    '',
    `${mib(bytes)} on the server, ${mib(stored)} stored. The ways take turns after a round that is not counted: median, with the least and the most. CPU is that of the client. A restore of one table of about 1 % reads ${mib(read)} of the object, and the table’s block has ${mib(block)}.`,
    '',
    ...table(
      ['way', 'time', 'client CPU', 'peak memory'],
      WAYS.map((way) => [
        NAMES[way],
        spread(
          runs[way].map((run) => run.seconds),
          seconds,
        ),
        spread(
          runs[way].map((run) => run.cpuSeconds),
          seconds,
        ),
        spread(
          runs[way].map((run) => run.peakMemory),
          mib,
        ),
      ]),
    ),
  ],
};
