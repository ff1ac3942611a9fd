import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { Postgres } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import {
  newDatabase,
  restore,
  schemasIn,
  sealed,
  serverOf,
  sessionsLeft,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/** What another tenant does in its own schema, and to what all tenants share, while one is exported and restored. */
const on = serversOf(15, 18);

const TENANT = `
  CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY); INSERT INTO shared.users VALUES (1); CREATE TYPE shared.mood AS ENUM ('ok');
  CREATE SCHEMA acme; CREATE TABLE acme.t (id int PRIMARY KEY, owner int REFERENCES shared.users, m shared.mood, v text CHECK (v <> '')); INSERT INTO acme.t SELECT n, 1, 'ok', 'v' FROM generate_series(1, 2000) n;
  CREATE VIEW acme.named AS SELECT t.id, u.id AS owner FROM acme.t JOIN shared.users u ON u.id = t.owner; CREATE INDEX ON acme.t (v);
  CREATE MATERIALIZED VIEW acme.counts AS SELECT owner, count(*) FROM acme.t GROUP BY 1; COMMENT ON TABLE acme.t IS 'ours';
  CREATE FUNCTION acme.f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE SCHEMA rep; CREATE VIEW rep.v AS SELECT id FROM acme.t`;

const prepare = async (postgres: Postgres) => {
  const database = await newDatabase(postgres, TENANT);
  await postgres.sql(
    `DO $$ BEGIN CREATE ROLE neighbor; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT CREATE ON DATABASE ${database} TO neighbor;
     GRANT USAGE ON SCHEMA shared TO neighbor; GRANT ALL ON shared.users TO neighbor; GRANT neighbor TO larder_restore`,
    database,
  );
  return { target: { postgres, database }, stored: await takeBackup(postgres, database, ['acme']) };
};

/** Creates and drops a schema of its own with objects of many kinds, also in one transaction that is rolled back. */
const churn = async (client: pg.Client, name: string, number: number): Promise<void> => {
  const schema = `${name}_${number % 5}`;
  const make = `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.t (id int PRIMARY KEY, v text, u int REFERENCES shared.users); CREATE VIEW ${schema}.v AS SELECT * FROM ${schema}.t;
    CREATE TYPE ${schema}.e AS ENUM ('a'); CREATE DOMAIN ${schema}.d AS int CHECK (VALUE > 0); CREATE FUNCTION ${schema}.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE ${schema}.p (id int) PARTITION BY LIST (id); CREATE TABLE ${schema}.p1 PARTITION OF ${schema}.p DEFAULT; CREATE INDEX ON ${schema}.p (id); CREATE SEQUENCE ${schema}.s;
    COMMENT ON TABLE ${schema}.t IS 'x'; GRANT SELECT ON ${schema}.t TO PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO PUBLIC;
    CREATE POLICY p ON ${schema}.t; CREATE STATISTICS ${schema}.st ON id, v FROM ${schema}.t; CREATE CAST (${schema}.e AS json) WITH INOUT`;
  if (number % 3 === 0) {
    await client.query(`BEGIN; ${make}`);
    await client.query('ROLLBACK');
    return;
  }
  await client.query(make);
  await client.query(
    `ALTER TYPE ${schema}.e ADD VALUE 'b'; ALTER SCHEMA ${schema} RENAME TO ${schema}_x`,
  );
  await client.query(`DROP SCHEMA ${schema}_x CASCADE`);
};

/** Two neighbors who do that until they are stopped. */
const startNeighbors = ({ session }: Postgres, database: string) => {
  let isOver = false;
  let rounds = 0;
  const loops = ['one', 'two'].map(async (name) => {
    const client = await session(database);
    await client.query('SET ROLE neighbor; SET client_min_messages = error');
    for (let number = 0; !isOver; number += 1) {
      await churn(client, name, number);
      rounds += 1;
    }
    await client.end();
  });
  const all = Promise.all(loops);
  all.catch(() => undefined);
  return {
    /** Waits until they have done it so many times more. Rejects if one of them has failed. */
    goOn: async (more: number): Promise<void> => {
      const until = rounds + more;
      while (rounds < until) await Promise.race([all, setTimeout(20)]);
    },
    stop: async (): Promise<void> => {
      isOver = true;
      await all;
    },
  };
};

const rowsOf = async (postgres: Postgres, database: string, schema: string): Promise<number> =>
  (await postgres.sql(`SELECT count(*)::int AS n FROM ${schema}.t`, database)).rows[0].n;

describe.each([15, 18])('PostgreSQL %i', (major) => {
  it('DDL of a neighbor in a loop disturbs no export, dry run, restore, exchange or undo, and is not blamed on them', async () => {
    const { target, stored } = await prepare(on(major));
    const { postgres, database } = target;
    const server = serverOf(target);
    const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };
    const neighbors = startNeighbors(postgres, database);
    await neighbors.goOn(4);
    for (const round of [1, 2]) {
      expect((await takeBackup(postgres, database, ['acme'])).manifest.tables).toHaveLength(2);
      const { problems } = await surveyOf(target, stored, { mode: 'swap', acceptDependents: true });
      expect(problems).toEqual([]);
      const by = sealed();
      const restored = `acme_restored_${round}`;
      const loaded = await restore(target, stored, {
        ...by,
        places: [{ from: 'acme', to: restored }],
      });
      expect(loaded).toMatchObject({ rows: 2000, warnings: [], leftOut: [] });
      const [there, back] = [
        [
          { from: 'acme', to: `acme_before_${round}` },
          { from: restored, to: 'acme' },
        ],
        [
          { from: 'acme', to: `acme_undone_${round}` },
          { from: `acme_before_${round}`, to: 'acme' },
        ],
      ];
      const repoint = { acceptOthers: false };
      expect(await server.rename(by, there, { ...options, repoint, loaded: true })).toMatchObject({
        names: 'renamed',
      });
      const undo = { ...options, undoes: by, repoint };
      expect(await server.rename(sealed(), back, undo)).toMatchObject({ names: 'renamed' });
      await neighbors.goOn(2);
    }
    await neighbors.stop();
    expect(await rowsOf(postgres, database, 'acme')).toBe(2000);
    expect(await sessionsLeft(postgres, database)).toEqual([]);
  });

  it.each([
    ['locks a shared table', 'LOCK TABLE shared.users IN ACCESS EXCLUSIVE MODE'],
    ['is about to take the new schema’s name', 'CREATE SCHEMA acme_restored'],
    ['changes a shared table', 'ALTER TABLE shared.users ADD COLUMN more int'],
  ])(
    'a neighbor that %s and does not commit ends a restore in time, which leaves nothing',
    async (_, sql) => {
      const { target, stored } = await prepare(on(major));
      const { postgres, database } = target;
      const before = await schemasIn(postgres, database);
      const neighbor = await postgres.session(database);
      await neighbor.query(
        `BEGIN; ${sql.startsWith('ALTER') ? '' : 'SET LOCAL ROLE neighbor;'} ${sql}`,
      );
      const ended = restore(target, stored, { lockTimeoutMs: 300 });
      await expect(ended).rejects.toMatchObject({ name: 'LockTimeout', retryable: true });
      expect(await schemasIn(postgres, database)).toEqual(before);
      expect(await sessionsLeft(postgres, database)).toEqual([]);
      await neighbor.query('ROLLBACK');
      await neighbor.end();
      expect(await restore(target, stored)).toMatchObject({ rows: 2000 });
    },
  );

  it('a neighbor’s old snapshot and its advisory locks hold nothing up', async () => {
    const { target, stored } = await prepare(on(major));
    const { postgres, database } = target;
    const neighbor = await postgres.session(database);
    await neighbor.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM shared.users; SELECT count(pg_advisory_xact_lock(n)) FROM generate_series(1, 1000) n`,
    );
    expect((await surveyOf(target, stored)).problems).toEqual([]);
    const loaded = await restore(target, stored);
    const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };
    const keys = await serverOf(target).addForeignKeys(loaded.foreignKeys, options);
    expect(keys).toMatchObject([{ state: 'valid' }]);
    await neighbor.query('ROLLBACK');
    await neighbor.end();
  });
});
