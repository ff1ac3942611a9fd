import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import { countsQuery } from '../../../functions/api/restore-guide-counts.ts';
import {
  openRehearsals,
  type Rehearsals,
  type Stored,
} from '../../adapters/postgres/scratch-restore/support.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type Services, startServices } from '../export/support.ts';
import { newDatabase, openRoom, type Room } from './support.ts';

/** Sound but rare schemas: each must be restored, and none may be reported as damaged. */
let services: Services;
let postgres: Postgres;
let scratchRestores: Rehearsals;
let room: Room;
let database: string;

beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres(18);
  scratchRestores = await openRehearsals(18);
});
afterAll(async () => {
  await scratchRestores.end();
  await postgres.stop();
  await services.stop();
});

const tenant = async (sql: string): Promise<void> => {
  database = await newDatabase(postgres, `CREATE SCHEMA acme; SET search_path = acme; ${sql}`);
  room = await openRoom(services, postgres, database, { schemas: ['acme'] });
  Object.assign(room.bench.options.settings, { compare: 'rows' });
};

const stored = async (backup: Backup): Promise<Stored> => {
  const { vault } = room.bench.ports;
  const manifest = (await vault.readManifest(manifestKeyBeside(backup.fileId ?? '')))?.manifest;
  if (!manifest) throw new Error('there is no manifest');
  const { Body } = await services.s3.send(
    new GetObjectCommand({ Bucket: room.bench.bucket, Key: backup.fileId }),
  );
  return { backup, manifest, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []) };
};

describe('partitions by the hash of an enum, whose rows move to others of them', () => {
  const LABELS = Array.from({ length: 24 }, (_, i) => `label ${i}`);
  beforeEach(() =>
    tenant(`
      CREATE TYPE kind AS ENUM (${LABELS.map((label) => `'${label}'`).join()});
      CREATE TABLE things (k kind, n int, y int) PARTITION BY LIST (y);
      CREATE TABLE things_1 PARTITION OF things FOR VALUES IN (1) PARTITION BY HASH (k);
      CREATE TABLE things_1a PARTITION OF things_1 FOR VALUES WITH (MODULUS 3, REMAINDER 0);
      CREATE TABLE things_1b PARTITION OF things_1 FOR VALUES WITH (MODULUS 3, REMAINDER 1);
      CREATE TABLE things_1c PARTITION OF things_1 FOR VALUES WITH (MODULUS 3, REMAINDER 2);
      CREATE TABLE things_2 PARTITION OF things FOR VALUES IN (2);
      INSERT INTO things SELECT k, n, 1 FROM unnest(enum_range(NULL::kind)) WITH ORDINALITY e (k, o), generate_series(1, o * o) n;
      INSERT INTO things SELECT 'label 0', n, 2 FROM generate_series(1, 5) n`),
  );
  const ROWS = LABELS.reduce((sum, _, i) => sum + (i + 1) ** 2, 5);

  it.each(['custom', 'plain'] as const)('are restored from %s', async (format) => {
    const backup = await room.backup('acme', { format });
    const { row } = await room.restore(backup, { newSchema: 'again' });
    expect(row.error).toBeUndefined();
    expect(row.outcome?.rows).toBe(ROWS);
  });

  it('are restored as chosen tables', async () => {
    const backup = await room.backup('acme');
    const plan = { mode: 'tables', tables: ['things'], newSchema: 'again' } as const;
    const { row } = await room.restore(backup, plan);
    expect(row.error).toBeUndefined();
    expect(row.outcome?.rows).toBe(ROWS);
  });

  it('cannot be chosen without the table through which their rows are restored', async () => {
    const backup = await room.backup('acme');
    // Still attached, so that rows for the parent would find a partition, beside the existing ones.
    await room.sql('CREATE SCHEMA moved; ALTER TABLE acme.things_1a SET SCHEMA moved');
    const plan = { mode: 'tables', tables: ['things_1a'] } as const;
    for (const into of ['beside', 'live'] as const) {
      const { row } = await room.restore(backup, { ...plan, into });
      expect(row.error).toMatchObject({ name: 'RestoreRefused' });
      expect(row.error?.message).toMatch(/The rows of "things_1a" .* choose "things"/);
    }
    expect((await room.sql('SELECT count(*)::int AS n FROM acme.things')).rows).toEqual([
      { n: ROWS },
    ]);
  });

  it('are restored if the enum is within an array, or names a table, of which pg_dump knows nothing', async () => {
    await tenant(`CREATE TYPE kind AS ENUM (${LABELS.map((label) => `'${label}'`).join()});
      CREATE TABLE lists (k kind[], n int) PARTITION BY HASH (k);
      CREATE TABLE names (k regclass) PARTITION BY HASH (k); CREATE TABLE days (d int) PARTITION BY RANGE (d); CREATE TABLE days_1 PARTITION OF days DEFAULT;
      CREATE TABLE lists_0 PARTITION OF lists FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE lists_1 PARTITION OF lists FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      CREATE TABLE names_0 PARTITION OF names FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE names_1 PARTITION OF names FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      INSERT INTO days VALUES (1), (2);
      INSERT INTO lists SELECT ARRAY[k, k], n FROM unnest(enum_range(NULL::kind)) WITH ORDINALITY e (k, o), generate_series(1, o) n;
      INSERT INTO names SELECT ('acme.' || t)::regclass FROM unnest('{lists,lists_0,lists_1,names,names_0,names_1}'::text[]) t`);
    const backup = await room.backup('acme');
    const { row } = await room.restore(backup, { newSchema: 'again' });
    expect(row.error).toBeUndefined();
    expect(row.outcome?.rows).toBe(300 + 6 + 2);
    const { differences } = await scratchRestores.rehearseQuickly(await stored(backup), 'rows');
    expect(differences).toEqual([]);
  });

  it('are verified, row by row, and one missing or changed row is found', async () => {
    const one = await stored(await room.backup('acme', { format: 'plain', compression: 'none' }));
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    expect(found.differences).toEqual([]);
    expect(found.checked).toMatchObject({ rows: ROWS, hashedTables: 4 });
    const text = one.bytes.toString();
    for (const [instead, difference] of [
      ['', /^the partitions of "acme"\."things_1" together have \d+ rows, and had \d+$/],
      ['label 23\t577\t1\n', /^the partitions of .* the contents of some have changed$/],
    ] as const) {
      const bytes = Buffer.from(text.replace('label 23\t576\t1\n', instead));
      const other = await scratchRestores.rehearseQuickly({ ...one, bytes }, 'rows');
      expect(other.differences).toEqual([expect.stringMatching(difference)]);
    }
  });

  it('are counted together by the restore guide', async () => {
    const { manifest } = await stored(await room.backup('acme'));
    const query = countsQuery(manifest);
    expect((await room.sql(query)).rows).toEqual([]);
    await room.sql(`CREATE TABLE moved AS SELECT * FROM acme.things_1; TRUNCATE acme.things_1;
      INSERT INTO acme.things SELECT 'label 7', n, y FROM moved`);
    expect((await room.sql(query)).rows).toEqual([]);
    await room.sql('DELETE FROM acme.things_2');
    expect((await room.sql(query)).rows).toMatchObject([{ expected: '5', found: '0' }]);
  });
});

describe('tables whose owner revoked its own rights', () => {
  const RIGHTS = `SELECT c.relname, c.relacl::text AS rights,
      (SELECT array_agg(a.attacl::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'acme' AND c.relkind IN ('r', 'p') ORDER BY 1`;

  it('are exchanged, and exchanged back, with unchanged rights', async () => {
    await tenant(`
      CREATE TABLE audit (n int, m int); INSERT INTO audit VALUES (1, 2); CREATE TABLE usual (n int);
      REVOKE ALL ON audit FROM app_owner; GRANT SELECT, INSERT ON audit TO app_owner; GRANT UPDATE (m) ON audit TO app_owner;
      CREATE TABLE parted (n int) PARTITION BY LIST (n); REVOKE ALL ON parted FROM app_owner`);
    const before = (await room.sql(RIGHTS)).rows;
    const backup = await room.backup('acme');
    const swap = await room.restore(backup, { mode: 'swap' });
    expect(swap.row.error).toBeUndefined();
    expect((await room.sql(RIGHTS)).rows).toEqual(before);
    const undo = await room.restore(backup, { mode: 'undo', undoes: swap.row.id });
    expect(undo.row.error).toBeUndefined();
    expect((await room.sql(RIGHTS)).rows).toEqual(before);
    expect(before).toHaveLength(3);
  });
});

describe('a materialized view', () => {
  it('that was out of date is refreshed, which is reported', async () => {
    await tenant(`CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2);
      CREATE MATERIALIZED VIEW m AS SELECT * FROM t; INSERT INTO t VALUES (3)`);
    const backup = await room.backup('acme');
    expect((await room.sql(countsQuery((await stored(backup)).manifest))).rows).toEqual([]);
    const { row } = await room.restore(backup, { mode: 'swap' });
    expect(row.error).toBeUndefined();
    expect(row.outcome?.warnings).toEqual([
      expect.stringMatching(/"acme"\."m" was refreshed and has 3 rows now; it had 2/),
    ]);
    const { rows } = await room.sql('SELECT count(*)::int AS n FROM acme.m');
    expect(rows).toEqual([{ n: 3 }]);
    expect((await room.sql(countsQuery((await stored(backup)).manifest))).rows).toEqual([]);
  });

  it('of rows that policies hide from their own owner has the rows that the owner may see', async () => {
    await tenant(`CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2), (3);
      ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (n < 3);
      CREATE MATERIALIZED VIEW m AS SELECT * FROM t; CREATE MATERIALIZED VIEW o AS SELECT * FROM m;
      CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM acme.t';
      CREATE TABLE u (n bigint CHECK (n < acme.counted() + 9)); INSERT INTO u VALUES (1)`);
    const backup = await room.backup('acme');
    const { row } = await room.restore(backup, { newSchema: 'again' });
    expect(row.error).toBeUndefined();
    expect(row.outcome?.warnings).toEqual([]);
    const { rows } = await room.sql('SELECT n FROM again.o ORDER BY 1');
    expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
    const { differences, notChecked } = await scratchRestores.rehearseQuickly(await stored(backup));
    expect(differences).toEqual([]);
    expect(notChecked.join()).not.toContain('owners and grants');
  });
});

describe('another session that changes the schema at the same moment', () => {
  /** Until a session of Larder waits for another one. */
  const waited = async (): Promise<void> => {
    for (;;) {
      const { rows } = await room.sql(
        "SELECT FROM pg_stat_activity WHERE application_name LIKE 'larder/%' AND cardinality(pg_blocking_pids(pid)) > 0",
      );
      if (rows.length) return;
    }
  };
  const granting = async (): Promise<() => Promise<void>> => {
    const session = await postgres.session(database);
    await session.query('BEGIN; GRANT USAGE ON SCHEMA acme TO PUBLIC');
    return async () => {
      await waited();
      await session.query('COMMIT');
      await session.end();
    };
  };

  it('is no reason to give up a restore', async () => {
    await tenant('CREATE TABLE t (n int); INSERT INTO t VALUES (1)');
    const backup = await room.backup('acme');
    const done = await granting();
    const [{ row }] = await Promise.all([room.restore(backup, { newSchema: 'again' }), done()]);
    expect(row).toMatchObject({ status: 'pending', error: { name: 'RestoreInterrupted' } });
    expect(row.error?.message).toContain('another session changed schema');
    const again = await room.again(row);
    expect(again).toMatchObject({ status: 'completed' });
  });

  it('is waited for by the exchange of names', async () => {
    await tenant('CREATE TABLE t (n int); INSERT INTO t VALUES (1)');
    const backup = await room.backup('acme');
    const { server } = room.ports;
    const rename: typeof server.rename = async (...asked) => {
      const done = await granting();
      return (await Promise.all([server.rename(...asked), done()]))[0];
    };
    const { row } = await room.restore(backup, { mode: 'swap' }, { server: { ...server, rename } });
    expect(row.error).toBeUndefined();
    expect(row.status).toBe('completed');
  });
});
