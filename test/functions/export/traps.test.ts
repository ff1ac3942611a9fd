import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refuseTooMany } from '../../../adapters/postgres/session/lock-slots.ts';
import { schemasNamed } from '../../../adapters/postgres/sql/schemas-named.ts';
import type { Backup } from '../../../core/backup.ts';
import { OutOfLocks } from '../../../core/errors/schema.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { clientPrograms, PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { restoreFile } from '../../support/restore.ts';
import {
  type Bench,
  type BenchOptions,
  openBench,
  type Services,
  startServices,
} from './support.ts';

const run = promisify(execFile);
let services: Services;
let postgres: Postgres;
let folder: string;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres(18);
  folder = mkdtempSync('/var/tmp/larder-traps-');
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly bench: Bench;
  readonly row: Backup;
  readonly manifest: Manifest | undefined;
  readonly warnings: string;
}

const exportOf = async (
  database: string,
  settings: BenchOptions['settings'] = {},
): Promise<Outcome> => {
  const source = { schemas: ['acme'] };
  const bench = await openBench(services, postgres, { database, source, settings });
  const backup = await bench.request('acme');
  await bench.run(backup);
  const row = await bench.row(backup);
  const manifest = row.fileId
    ? (await bench.ports.vault.readManifest(manifestKeyBeside(row.fileId)))?.manifest
    : undefined;
  return { bench, row, manifest, warnings: manifest?.warnings.join('\n') ?? '' };
};

const databaseWith = async (sql: string): Promise<string> => {
  const database = await postgres.database();
  await postgres.sql(sql, database);
  return database;
};

describe('partitions in another schema', () => {
  const LOG = `CREATE SCHEMA acme; CREATE SCHEMA archive;
    CREATE TABLE acme.log (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE archive.log_2020 PARTITION OF acme.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE acme.log_2021 PARTITION OF acme.log FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
    INSERT INTO acme.log SELECT n, '2020-12-01'::date + n FROM generate_series(1, 60) n;`;

  it('are refused at once and permanently; moved as the error says, they are in the backup', async () => {
    const database = await databaseWith(LOG);
    const { row, bench } = await exportOf(database);
    expect([row.status, row.attempt, row.error?.name]).toEqual([
      'failed',
      1,
      'PartitionsElsewhere',
    ]);
    expect(row.error?.message).toMatch(/"archive\.log_2020".*SET SCHEMA.*"accept"/);
    expect(await bench.leftInVault()).toEqual({ objects: [], uploads: [] });

    await postgres.sql('ALTER TABLE archive.log_2020 SET SCHEMA acme', database);
    const again = await exportOf(database);
    expect([again.row.status, again.row.rowCount]).toEqual(['completed', 60]);
  });

  it('are left out with a warning that names them, if that is configured', async () => {
    const database = await databaseWith(LOG);
    const { row, warnings } = await exportOf(database, { partitionsElsewhere: 'accept' });
    expect([row.status, row.rowCount]).toEqual(['completed', 30]);
    expect(warnings).toContain(
      'Partitions in other schemas are not in this backup, as configured: "archive.log_2020".',
    );
  });
});

describe('a partition of a parent elsewhere', () => {
  it('that has a key is reported as to be attached after the restore, and that works', async () => {
    const parent = `CREATE SCHEMA shared;
      CREATE TABLE shared.log (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);`;
    const database = await databaseWith(`${parent} CREATE SCHEMA acme;
      CREATE TABLE acme.log PARTITION OF shared.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      INSERT INTO acme.log VALUES (1, '2020-02-02');`);
    const { bench, row, manifest, warnings } = await exportOf(database);
    expect(manifest?.outside).toEqual([
      { kind: 'table', name: 'shared.log', neededBy: ['acme.log'] },
    ]);
    expect(warnings).toMatch(
      /keys or indexes; .*TABLE ATTACH and INDEX ATTACH .*attach them afterwards: "log"/,
    );

    const object = await services.s3.send(
      new GetObjectCommand({ Bucket: bench.bucket, Key: row.fileId ?? '' }),
    );
    const file = path.join(folder, 'log.dump');
    writeFileSync(file, (await object.Body?.transformToByteArray()) ?? '');
    const { pgRestore } = (await clientPrograms()).clients.find((one) => one.major === 18) ?? {};
    if (!pgRestore) throw new Error('no pg_restore');
    const env = { PGPASSWORD: PASSWORD };
    const into = async (target: string, ...more: string[]) => {
      const login = [
        '-h',
        '127.0.0.1',
        '-p',
        String(postgres.port),
        '-U',
        'postgres',
        '-d',
        target,
      ];
      await run(pgRestore, [...login, '--exit-on-error', ...more, file], { env });
    };
    const whole = await databaseWith(parent);
    await expect(into(whole)).rejects.toThrow('multiple primary keys');

    const { stdout } = await run(pgRestore, ['--list', file], { env: {} });
    const entries = path.join(folder, 'log.list');
    writeFileSync(entries, stdout.replace(/^.*(TABLE|INDEX) ATTACH.*\n/gm, ''));
    const target = await databaseWith(parent);
    await into(target, `--use-list=${entries}`);
    await postgres.sql(
      `ALTER TABLE shared.log ATTACH PARTITION acme.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')`,
      target,
    );
    expect((await postgres.sql('SELECT id FROM shared.log', target)).rows).toEqual([{ id: 1 }]);
  });
});

describe('a row that COPY cannot carry', () => {
  it('fails permanently, names its table, and leaves nothing', async () => {
    const database = await databaseWith(`CREATE SCHEMA acme; CREATE TABLE acme.small (v int);
      CREATE TABLE acme."too big" (v bytea);
      ALTER TABLE acme."too big" ALTER v SET COMPRESSION lz4;
      INSERT INTO acme."too big" SELECT repeat('x', 600000000)::bytea`);
    const { row, bench } = await exportOf(database);
    expect([row.status, row.attempt, row.error?.name]).toEqual(['failed', 1, 'RowTooLarge']);
    expect(row.error?.message).toContain('"too big"');
    expect(await bench.leftInVault()).toEqual({ objects: [], uploads: [] });
  });
});

describe('a table that the server cannot read', () => {
  it('fails permanently, and reports that the data is damaged', async () => {
    const database = await databaseWith(
      `CREATE SCHEMA acme; CREATE TABLE acme.torn AS SELECT generate_series(1, 5000) AS n`,
    );
    await postgres.sql('CHECKPOINT');
    const { rows } = await postgres.sql(
      `SELECT current_setting('data_directory') || '/' || pg_relation_filepath('acme.torn') AS file`,
      database,
    );
    await postgres.crashAndRestart();
    const file = await open(rows[0].file, 'r+');
    await file.write(Buffer.alloc(100, 'x'), 0, 100, 8192 + 500);
    await file.close();
    const { row, bench } = await exportOf(database);
    expect([row.status, row.attempt, row.error?.name]).toEqual(['failed', 1, 'DamagedData']);
    expect(row.error?.message).toMatch(/"torn".*invalid page/);
    expect(await bench.leftInVault()).toEqual({ objects: [], uploads: [] });
  });
});

describe('a server that is configured for few locks', () => {
  const TABLES = 4000;
  let database: string;
  beforeAll(async () => {
    database = await databaseWith(`CREATE SCHEMA acme;
      DO $$ BEGIN FOR i IN 1..${TABLES} LOOP EXECUTE format('CREATE TABLE acme.t%s ()', i); END LOOP; END $$`);
    await postgres.sql('ALTER SYSTEM SET max_locks_per_transaction = 10');
    await postgres.sql('ALTER SYSTEM SET max_prepared_transactions = 2');
    await postgres.sql('CHECKPOINT');
    await postgres.crashAndRestart();
  });
  afterAll(async () => {
    await postgres.sql('ALTER SYSTEM RESET ALL');
    // A prepared transaction must not be read back by a server that accepts none.
    await postgres.sql('CHECKPOINT');
    await postgres.crashAndRestart();
  });

  it('is reported with how many locks an export needs, and which setting to change', async () => {
    const { row, bench } = await exportOf(database);
    expect([row.status, row.attempt, row.error?.name]).toEqual(['failed', 1, 'OutOfLocks']);
    expect(row.error?.message).toMatch(
      /holds 4000 locks.* room for 2020, .*max_locks_per_transaction is 10.* to at least 25 /,
    );
    expect(await bench.leftInVault()).toEqual({ objects: [], uploads: [] });
  });

  it('is not tried if the locks cannot fit, and tried again if others may release theirs', () => {
    const need = { perTransaction: 64, sessions: 100 };
    expect(() => refuseTooMany({ ...need, needed: 12_801 })).toThrow(
      expect.objectContaining({ name: 'OutOfLocks', retryable: false }),
    );
    refuseTooMany({ ...need, needed: 12_800 });
    expect(new OutOfLocks({ ...need, needed: 6400 }).retryable).toBe(true);
    expect(new OutOfLocks({ ...need, needed: 6401 }).retryable).toBe(false);
  });

  it('gets an error that names the prepared transaction that holds a table, and the command that ends it', async () => {
    const target = await databaseWith('CREATE SCHEMA acme; CREATE TABLE acme.held (id int)');
    const gid = "it's mine";
    await postgres.sql(`BEGIN; LOCK TABLE acme.held; PREPARE TRANSACTION 'it''s mine'`, target);
    const { row } = await exportOf(target, { lockTimeoutMs: 100 });
    await postgres.sql(`ROLLBACK PREPARED 'it''s mine'`, target);
    expect(row.error?.name).toBe('LockTimeout');
    expect(row.error?.message).toMatch(
      new RegExp(
        `"held".*prepared transaction "${gid}" of \\d+ s ago .*ROLLBACK PREPARED 'it''s mine' ends it`,
      ),
    );
  });
});

describe('a schema without peculiarities', () => {
  it('has no warning, nothing outside and nothing left out', async () => {
    const { manifest } = await exportOf(
      await databaseWith(`CREATE EXTENSION hstore; CREATE SCHEMA other; CREATE TABLE other.t (h hstore);
        CREATE PUBLICATION everything FOR ALL TABLES;
        CREATE SCHEMA acme; CREATE TYPE acme.mood AS ENUM ('a'); CREATE TYPE acme.span AS RANGE (subtype = int);
        CREATE TABLE acme.t (id serial PRIMARY KEY, parent int REFERENCES acme.t, moods acme.mood[], spans acme.span, self acme.mood, ref oid);
        CREATE TABLE acme.u (rows acme.t[], one acme.t);
        CREATE VIEW acme.v AS SELECT * FROM acme.t JOIN acme.u ON true;
        CREATE FUNCTION acme.f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM acme.t t); END'`),
    );
    expect(manifest).toMatchObject({ outside: [], leftOut: [], warnings: [], extensions: [] });
  });
});

describe('schemas exported together', () => {
  it('count as one: what one needs of another, or of an extension there, is not outside', async () => {
    const database =
      await databaseWith(`CREATE SCHEMA one; CREATE SCHEMA two; CREATE EXTENSION hstore SCHEMA one;
      CREATE TABLE one.t (id int PRIMARY KEY, h one.hstore); INSERT INTO one.t VALUES (1, 'a=>1');
      CREATE TABLE two.u (id int REFERENCES one.t, h one.hstore[], t one.t)`);
    const source = { schemas: ['no tenant'], sharedSchemas: ['one', 'two'] };
    const bench = await openBench(services, postgres, { database, source });
    const backup = await bench.request('_shared-main', { format: 'plain', compression: 'none' });
    await bench.run(backup);
    const { fileId = '' } = await bench.row(backup);
    const manifest = (await bench.ports.vault.readManifest(manifestKeyBeside(fileId)))?.manifest;
    expect(manifest?.outside).toEqual([]);
    expect(manifest?.extensions.map(({ name, schema }) => [name, schema])).toEqual([
      ['hstore', 'one'],
    ]);
    const object = await services.s3.send(
      new GetObjectCommand({ Bucket: bench.bucket, Key: fileId }),
    );
    const file = path.join(folder, 'shared.sql');
    writeFileSync(file, (await object.Body?.transformToByteArray()) ?? '');
    const target = await postgres.database();
    await restoreFile(postgres, target, file);
    const { rows } = await postgres.sql('SELECT h FROM one.t', target);
    expect(rows).toEqual([{ h: '"a"=>"1"' }]);
  });
});

describe('objects that are easily overlooked', () => {
  it('are reported: child tables elsewhere and a tablespace', async () => {
    const database = await databaseWith(`CREATE SCHEMA acme; CREATE SCHEMA other;
      CREATE TABLE acme.base (id int); CREATE TABLE other.heir () INHERITS (acme.base)`);
    const client = await postgres.session(database);
    await client.query('SET allow_in_place_tablespaces = on');
    await client.query(`CREATE TABLESPACE "fast disk" LOCATION ''`);
    await client.query('CREATE TABLE acme.fast (id int) TABLESPACE "fast disk"');
    await client.end();
    const { manifest, warnings } = await exportOf(database);
    expect(manifest?.outside).toEqual([
      { kind: 'tablespace', name: '"fast disk"', neededBy: ['acme.fast'] },
    ]);
    expect(warnings).toContain('inherit from its tables: "other.heir"');
  });

  it.each<[string, string, string, string[]]>([
    ['a table of another schema', 'SELECT * FROM other.t', '', ['other']],
    ['a quoted one', 'SELECT * FROM "Odd ""one""".t', '', ['Odd "one"']],
    ['upper case, which PostgreSQL folds', 'SELECT * FROM OTHER . t', '', ['other']],
    ['its search_path', 'SELECT 1', 'search_path="Odd ""one""", other', ['Odd "one"', 'other']],
    ['none in a comment', '-- other.t\n/* other.t */ SELECT 1', '', []],
    ['none as a column', 'SELECT t.other.x, another.t FROM brother.t', '', []],
    ['none as a whole word only', 'SELECT other FROM t', '', []],
    ['none in a range', 'FOR i IN other..9', '', []],
  ])("a function's clauses: %s", (_, body, searchPath, expected) => {
    const schemas = new Set(['other', 'Odd "one"', 'OTHER']);
    expect(schemasNamed({ body, path: searchPath }, schemas)).toEqual(expected);
  });
});
