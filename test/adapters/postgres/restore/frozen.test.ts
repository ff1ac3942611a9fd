import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { newDatabase, placesOf, restore, takeBackup } from '../support/restoring.ts';

/** Rows are restored as VACUUM would leave them: a session with an older snapshot must not see a restored table as empty. */
let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres(18);
});
afterAll(() => postgres.stop());

const TENANT = `CREATE SCHEMA acme; SET search_path = acme;
  CREATE TABLE plain (id int PRIMARY KEY, long text); INSERT INTO plain SELECT n, repeat(md5(n::text), 2000) FROM generate_series(1, 9) n;
  CREATE UNLOGGED TABLE hasty (id int); INSERT INTO hasty VALUES (1), (2);
  CREATE TABLE parted (id int) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
  INSERT INTO parted VALUES (1), (2), (3); CREATE TABLE empty ();
  CREATE TABLE generated (id int, twice int GENERATED ALWAYS AS (id * 2) STORED CHECK (twice > 0)); INSERT INTO generated VALUES (1);
  CREATE TABLE heir () INHERITS (hasty); INSERT INTO heir VALUES (3);
  -- Its rows go to the partitioned table itself, which pg_dump can't know the partitions of.
  CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE moods (m mood) PARTITION BY HASH (m);
  CREATE TABLE moods_0 PARTITION OF moods FOR VALUES WITH (MODULUS 1, REMAINDER 0); INSERT INTO moods VALUES ('good'), ('bad');
  CREATE MATERIALIZED VIEW seen AS SELECT * FROM plain`;

test('a transaction that is older than the restore finds the rows', async () => {
  const database = await newDatabase(postgres, TENANT);
  const stored = await takeBackup(postgres, database, ['acme']);
  const session = await postgres.session(database);
  try {
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await restore({ postgres, database }, stored, { places: placesOf(stored, '_back') });
    const counts =
      await session.query(`SELECT (SELECT count(*) FROM acme_back.plain WHERE length(long) = 64000)::int AS plain,
      (SELECT count(*) FROM acme_back.hasty)::int AS hasty, (SELECT count(*) FROM acme_back.parted)::int AS parted,
      (SELECT count(*) FROM acme_back.generated WHERE twice = 2)::int AS generated, (SELECT count(*) FROM acme_back.heir)::int AS heir,
      (SELECT count(*) FROM acme_back.empty)::int AS empty, (SELECT count(*) FROM acme_back.seen)::int AS seen`);
    expect(counts.rows).toEqual([
      { plain: 9, hasty: 3, parted: 3, generated: 1, heir: 1, empty: 0, seen: 9 },
    ]);
  } finally {
    await session.end();
  }
  const { rows } = await postgres.sql(
    'SELECT count(*)::int AS moods FROM acme_back.moods',
    database,
  );
  expect(rows).toEqual([{ moods: 2 }]);
});
