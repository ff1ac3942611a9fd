import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Measured, measure } from './measure.ts';
import { memoryTable, throughputTable } from './report.ts';
import { fillSchema, projectsSql } from './schema.ts';
import { openStage, type Stage } from './stage.ts';

/**
 * `npm run bench`: what an export costs, beside what a user would pick instead. All contenders read one server and write to one
 * S3 emulator on this machine, in turn, after a warm-up; figures are medians, and what counts are the ratios.
 */
const MIB = 1024 ** 2;
const CONTENDERS = ['plain-gzip-file', 'custom-default', 'custom-zstd-1', 'larder'] as const;
export type Contender = (typeof CONTENDERS)[number];

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '7' },
    long: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: 'throughput,memory' },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `npm run bench -- [options]
  --size MB     data of the schema whose throughput is measured (1000)
  --runs N      rounds after the warm-up (7)
  --only LIST   throughput,memory
  --long        memory with 10 GB as well
  --json        the figures on standard output, and no table
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const run = async (stage: Stage, contender: Contender, schema: string): Promise<Measured> => {
  const request = contender === 'larder' ? await stage.requestExport(schema) : undefined;
  const key = `bench/${contender}`;
  const measured = await measure(
    {
      contender,
      pgDump: stage.pgDump,
      connection: `host=127.0.0.1 port=${stage.postgres.port} dbname=bench user=postgres`,
      schema,
      bucket: 'vault',
      key,
      temporaryFile: path.join(stage.folder, 'dump.sql.gz'),
      bundle: stage.bundle,
      event: request?.event,
    },
    stage.environment('bench'),
  );
  if (request) await stage.settle(schema, request);
  return measured;
};

const fill = async (stage: Stage, schema: string, megabytes: number): Promise<number> => {
  say(`filling a schema with ${megabytes} MB ...`);
  await stage.postgres.sql(projectsSql(schema) + fillSchema(schema, megabytes * MIB), 'bench');
  await stage.postgres.sql(`VACUUM ANALYZE; CHECKPOINT`, 'bench').catch(() => undefined);
  const found = await stage.postgres.sql(
    `SELECT sum(pg_total_relation_size(c.oid))::text AS bytes FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '${schema}' AND c.relkind = 'r'`,
    'bench',
  );
  return Number(found.rows[0].bytes);
};

export interface Throughput {
  readonly bytes: number;
  readonly results: Readonly<Record<Contender, readonly Measured[]>>;
}

const measureThroughput = async (stage: Stage): Promise<Throughput> => {
  const bytes = await fill(stage, 'throughput', Number(values.size));
  const results: Record<Contender, Measured[]> = {
    'plain-gzip-file': [],
    'custom-default': [],
    'custom-zstd-1': [],
    larder: [],
  };
  for (let round = 0; round <= Number(values.runs); round += 1) {
    for (const contender of CONTENDERS) {
      const measured = await run(stage, contender, 'throughput');
      say(
        `${round === 0 ? 'warm-up' : `round ${round}`}  ${contender.padEnd(16)} ${measured.seconds.toFixed(2)} s`,
      );
      if (round > 0) results[contender].push(measured);
    }
  }
  return { bytes, results };
};

export interface Memory {
  readonly megabytes: number;
  readonly bytes: number;
  readonly measured: Measured;
}

const measureMemory = async (stage: Stage): Promise<Memory[]> => {
  const found: Memory[] = [];
  for (const megabytes of [10, 50, 100, 1000, ...(values.long ? [10_000] : [])]) {
    const schema = `memory_${megabytes}`;
    const bytes = await fill(stage, schema, megabytes);
    const measured = await run(stage, 'larder', schema);
    say(`${megabytes} MB: ${(measured.peakMemory / MIB).toFixed(0)} MiB at most`);
    found.push({ megabytes, bytes, measured });
    await stage.postgres.sql(`DROP SCHEMA ${schema} CASCADE`, 'bench');
  }
  return found;
};

const main = async (): Promise<void> => {
  if (values.help) return void process.stdout.write(HELP);
  const wanted = values.only.split(',');
  const stage = await openStage();
  try {
    await stage.postgres.sql('CREATE DATABASE bench');
    const throughput = wanted.includes('throughput') ? await measureThroughput(stage) : undefined;
    const memory = wanted.includes('memory') ? await measureMemory(stage) : undefined;
    if (values.json)
      return void process.stdout.write(`${JSON.stringify({ throughput, memory })}\n`);
    const versions = await stage.postgres.sql('SELECT version()');
    const text = [
      '# Benchmarks',
      '',
      `${new Date().toISOString().slice(0, 10)}, ${os.cpus().length} cores (${os.cpus()[0]?.model}), Node ${process.version}, ${versions.rows[0].version.split(' on ')[0]}, with server, S3 emulator and contender on the same machine. Made by \`npm run bench\`.`,
      '',
      ...(throughput ? throughputTable(throughput) : []),
      ...(memory ? memoryTable(memory) : []),
    ].join('\n');
    process.stdout.write(`${text}\n`);
    const all = throughput && memory;
    if (all)
      writeFileSync(path.resolve(import.meta.dirname, '../../docs/benchmarks.md'), `${text}\n`);
  } finally {
    await stage.close();
  }
};

await main();
