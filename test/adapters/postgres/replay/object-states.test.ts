import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutOfLocks } from '../../../../core/errors/schema.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import {
  choose,
  newDatabase,
  restore,
  type Stored,
  schemasIn,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/** States of objects that pg_dump does not write, and that a server may not be able to hold or know. */
const TENANT = `
  CREATE SCHEMA acme;
  CREATE TABLE acme.customers (id int PRIMARY KEY, name text, note text);
  CREATE INDEX half_built ON acme.customers (name);
  CREATE UNIQUE INDEX not_ready ON acme.customers (note);
  CREATE TABLE acme.orders (id int PRIMARY KEY, customer int CONSTRAINT orders_customer REFERENCES acme.customers, amount int);
  ALTER TABLE acme.orders ADD CONSTRAINT small CHECK (amount < 10) NOT VALID;
  CREATE TABLE acme.checked (n int, CONSTRAINT fine CHECK (n > 0));
  CREATE TABLE acme.replicated (id int NOT NULL);
  CREATE UNIQUE INDEX replicated_id ON acme.replicated (id);
  ALTER TABLE acme.replicated REPLICA IDENTITY USING INDEX replicated_id;
  DROP INDEX acme.replicated_id;
  CREATE DOMAIN acme.rating AS int;
  ALTER DOMAIN acme.rating ADD CONSTRAINT in_stars CHECK (VALUE < 6) NOT VALID;
  CREATE TABLE acme.parts (id int, day int) PARTITION BY RANGE (day);
  CREATE TABLE acme.parts_1 PARTITION OF acme.parts FOR VALUES FROM (0) TO (10);
  CREATE INDEX parts_day ON ONLY acme.parts (day)`;
const OF_18 = `
  ALTER TABLE acme.orders ADD CONSTRAINT loose CHECK (amount > 1) NOT ENFORCED;
  ALTER TABLE acme.checked ADD CONSTRAINT there NOT NULL n NOT VALID`;
const BY_SUPERUSER = `
  UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'acme.half_built'::regclass;
  UPDATE pg_index SET indisvalid = false, indisready = false WHERE indexrelid = 'acme.not_ready'::regclass;
  ALTER TABLE acme.orders DISABLE TRIGGER ALL;
  INSERT INTO acme.orders VALUES (1, 99, 5)`;

describe.each([15, 18])('PostgreSQL %i', (major) => {
  let postgres: Postgres;
  let database: string;
  let stored: Stored;
  beforeAll(async () => {
    postgres = await startPostgres(major);
    database = await newDatabase(postgres, major < 18 ? TENANT : `${TENANT}; ${OF_18}`);
    await postgres.sql(BY_SUPERUSER, database);
    stored = await takeBackup(postgres, database, ['acme']);
  });
  afterAll(() => postgres.stop());

  it('reports states that a restore does not restore, or that rows may violate', async () => {
    const { states, warnings } = stored.manifest;
    expect(states?.map(({ state, name }) => `${state}: ${name}`)).toEqual([
      'invalid-index: acme.half_built',
      'invalid-index: acme.not_ready',
      'lost-replica-identity: acme.replicated',
      ...(major < 18 ? [] : ['not-enforced: loose on acme.orders']),
      'not-valid: in_stars on acme.rating',
      'not-valid: small on acme.orders',
      ...(major < 18 ? [] : ['not-valid: there on acme.checked']),
      'switched-off-constraint: orders_customer on acme.orders',
    ]);
    const said = [
      /Invalid indexes are not in the backup.*acme\.half_built, acme\.not_ready.*REINDEX/,
      /REPLICA IDENTITY uses a missing or invalid index.*acme\.replicated/,
      /DISABLE TRIGGER ALL.*orders_customer on acme\.orders.*onConflict: report/,
      /NOT VALID.*in_stars on acme\.rating, small on acme\.orders/,
    ];
    const { warnings: dry } = await surveyOf({ postgres, database }, stored);
    const matching = (all: readonly string[], words: RegExp) =>
      all.filter((one) => words.test(one.replaceAll('"', '')));
    for (const words of said) {
      expect(matching(warnings, words)).toHaveLength(1);
      expect(matching(dry, words)).toHaveLength(1);
    }
  });

  it('is as reported after a restore', async () => {
    const { unfinished } = await restore({ postgres, database }, stored, { onConflict: 'report' });
    expect(unfinished.map(({ object, state }) => [object, state])).toEqual([
      ['constraint "orders_customer" of table "acme.orders"', 'not-valid'],
    ]);
    const { rows } = await postgres.sql(
      `SELECT ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = n.oid AND relkind IN ('i', 'I') ORDER BY 1) AS indexes,
        ARRAY(SELECT conname::text FROM pg_constraint WHERE connamespace = n.oid AND NOT convalidated ORDER BY 1) AS loose,
        (SELECT relreplident FROM pg_class WHERE oid = 'acme_restored.replicated'::regclass) AS identity
      FROM pg_namespace n WHERE nspname = 'acme_restored'`,
      database,
    );
    expect(rows).toEqual([
      {
        indexes: ['customers_pkey', 'orders_pkey', 'parts_day'],
        loose: [
          'in_stars',
          ...(major < 18 ? [] : ['loose']),
          'orders_customer',
          'small',
          ...(major < 18 ? [] : ['there']),
        ],
        identity: 'd',
      },
    ]);
    await postgres.sql('DROP SCHEMA acme_restored CASCADE', database);
  });

  it('leaves out security labels whose provider the server has not loaded, and reports them', async () => {
    const labelled = await newDatabase(
      postgres,
      'CREATE SCHEMA acme; CREATE TABLE acme.people (name text); CREATE VIEW acme.names AS SELECT name FROM acme.people',
    );
    await postgres.sql(
      `INSERT INTO pg_seclabel VALUES ('acme.people'::regclass, 'pg_class'::regclass, 1, 'masks', 'MASKED WITH VALUE NULL'),
        ('acme.names'::regclass, 'pg_class'::regclass, 0, 'masks', 'x'), ('acme'::regnamespace, 'pg_namespace'::regclass, 0, 'masks', 'TRUSTED')`,
      labelled,
    );
    const backup = await takeBackup(postgres, labelled, ['acme']);
    const { leftOut } = await restore({ postgres, database: labelled }, backup);
    const why = 'the server has not loaded its provider "masks"';
    expect(leftOut.map(({ what }) => what).sort()).toEqual([
      'a security label on "acme"',
      'a security label on "acme.names"',
      'a security label on "acme.people"',
    ]);
    expect(new Set(leftOut.map((one) => one.why))).toEqual(new Set([why]));
  });

  describe('with room for few locks', () => {
    const TABLES = 3200;
    let small: string;
    let many: Stored;
    beforeAll(async () => {
      small = await newDatabase(
        postgres,
        `CREATE SCHEMA acme; DO $$ BEGIN FOR i IN 1..${TABLES} LOOP EXECUTE format('CREATE TABLE acme.t%s ()', i); END LOOP; END $$`,
      );
      many = await takeBackup(postgres, small, ['acme']);
      await postgres.sql('ALTER SYSTEM SET max_locks_per_transaction = 10');
      await postgres.sql('CHECKPOINT');
      await postgres.crashAndRestart();
    });

    const refusedBy = async (backup: Stored): Promise<OutOfLocks> =>
      (await restore({ postgres, database: small }, backup).catch(
        (error: unknown) => error,
      )) as OutOfLocks;

    it('reports how many locks a restore needs, before it begins and in a dry run', async () => {
      const { tables } = many.manifest;
      const twice = [...tables, ...tables.map((one) => ({ ...one, name: `${one.name}_` }))];
      const backup = { ...many, manifest: { ...many.manifest, tables: twice } };
      const words =
        /The restore holds up to 19200 locks .* room for 2000, .*max_locks_per_transaction is 10.* at least 120 /;
      const { problems } = await surveyOf({ postgres, database: small }, backup);
      expect(problems.filter((one) => words.test(one))).toHaveLength(1);
      const error = await refusedBy(backup);
      expect([error.name, error.retryable]).toEqual(['OutOfLocks', false]);
      expect(error.message).toMatch(words);
    });

    it('reports it too if the server runs out of locks on the way', async () => {
      const { problems, warnings } = await surveyOf({ postgres, database: small }, many);
      expect(problems).toEqual([]);
      expect(warnings.join()).toMatch(/The restore holds up to 9600 locks/);
      const error = await refusedBy(many);
      expect(error.name).toBe('OutOfLocks');
      expect(error.message).toMatch(/up to 9600 locks .* max_locks_per_transaction/);
      expect(await schemasIn(postgres, small)).toEqual(['acme']);
    });

    it('reports it for chosen tables, by their own number and that of their indexes', async () => {
      const database = { postgres, database: small };
      const chosen = await choose(
        many,
        many.manifest.tables.slice(0, 800).map(({ name }) => name),
      );
      const { tables } = chosen;
      expect((await surveyOf(database, many, { tables, chosen })).warnings.join()).toMatch(
        /The restore holds up to 2400 locks/,
      );
      const few = await choose(many, ['t1', 't2']);
      const asked = { tables: few.tables, chosen: few };
      expect(await surveyOf(database, many, asked)).toMatchObject({ problems: [], warnings: [] });
      const makes = Array.from({ length: 4000 }, (_, i) => ({
        schema: 'acme',
        name: `i${i}`,
        kind: 'relation' as const,
      }));
      const indexed = { tables: few.tables, chosen: { ...few, makes } };
      const words = /up to 4006 locks .* max_locks_per_transaction/;
      expect((await surveyOf(database, many, indexed)).problems.join()).toMatch(words);
      await expect(restore(database, many, { ...indexed, entries: few.entries })).rejects.toThrow(
        words,
      );
    });
  });
});
