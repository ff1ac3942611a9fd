import { access, readdir, writeFile } from 'node:fs/promises';
import { freeBytes } from '../../../../adapters/postgres/scratch/server/disk-space.ts';
import {
  type ScratchServer,
  startScratch,
} from '../../../../adapters/postgres/scratch/server/server.ts';

/** What room.test.ts runs in a sandbox: it prints its observations as JSON. */
const [task = '', root = ''] = process.argv.slice(2);

const noted: string[] = [];
const log = {
  info: () => {},
  warn: (message: string) => void noted.push(message),
  error: (message: string) => void noted.push(message),
};
const start = () =>
  startScratch({
    programRoots: [root],
    temporaryFolder: '/tmp',
    backupMajor: 18,
    locale: { encoding: 'UTF8', collation: 'en_US.UTF-8' },
    log,
  });

const errorOf = (error: unknown) =>
  error instanceof Error ? { name: error.name, message: error.message } : String(error);
const canWrite = (folder: string): Promise<boolean> =>
  writeFile(`${folder}/probe`, '').then(
    () => true,
    () => false,
  );

const left = async () => (await readdir('/tmp')).filter((name) => name.startsWith('larder-'));

const lookAround = async () => ({
  root: process.getuid?.() === 0,
  home: process.env.HOME ?? null,
  shm: await access('/dev/shm').then(
    () => true,
    () => false,
  ),
  writable: await Promise.all(['/', '/var/tmp', '/dev', root, '/tmp'].map(canWrite)),
});

/** Everything that a restore creates: large tables, sorts in files, extensions, indexes of several kinds. */
const work = async (server: ScratchServer): Promise<unknown> => {
  const client = await server.connect();
  await client.query(`
    CREATE EXTENSION pgcrypto; CREATE EXTENSION pg_trgm; BEGIN; CREATE SCHEMA acme;
    CREATE TABLE acme.t AS SELECT n AS id, md5(n::text) AS word FROM generate_series(1, 50000) n;
    ALTER TABLE acme.t ADD PRIMARY KEY (id);
    CREATE INDEX ON acme.t USING gin (word gin_trgm_ops);
    SET LOCAL work_mem = '64kB'; SET LOCAL maintenance_work_mem = '1MB';
    CREATE UNIQUE INDEX ON acme.t (word);
    CREATE MATERIALIZED VIEW acme.m AS SELECT left(word, 2) AS w, count(*) FROM acme.t GROUP BY 1 ORDER BY 1;
    COMMIT`);
  const { rows } = await client.query(
    `SELECT (SELECT count(*)::int FROM acme.t) AS rows, (SELECT count(*)::int FROM acme.m) AS groups,
       current_setting('dynamic_shared_memory_type') AS memory`,
  );
  await client.end();
  return rows[0];
};

const fill = async (server: ScratchServer): Promise<unknown> => {
  const client = await server.connect();
  const error = await client
    .query(
      'CREATE TABLE t AS SELECT repeat(md5(n::text), 60) AS x FROM generate_series(1, 1000000) n',
    )
    .catch((found: unknown) => found);
  return errorOf(await server.explain(error));
};

const TASKS: Readonly<Record<string, () => Promise<unknown>>> = {
  work: async () => {
    const around = await lookAround();
    const server = await start();
    const done = await work(server);
    const { version, notes } = server;
    await server.stop();
    const again = await start();
    await again.stop();
    return { around, done, version, notes, noted, left: await left() };
  },
  fill: async () => {
    const server = await start();
    const error = await fill(server);
    await server.stop();
    return { error, left: await left() };
  },
  'no start': async () => {
    const before = await freeBytes('/tmp');
    const error = await start().then(() => 'it started', errorOf);
    return { error, used: before - (await freeBytes('/tmp')), left: await left() };
  },
};

process.stdout.write(JSON.stringify(await TASKS[task]?.()), () => process.exit());
