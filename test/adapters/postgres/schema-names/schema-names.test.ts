import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidv7 } from '../../../../core/ids.ts';
import { schemasIn } from '../../../../core/manifest.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { HOSTILE, HOSTILE_SCHEMA } from '../support/hostile.ts';
import {
  choose,
  newDatabase,
  OWNER,
  placesOf,
  requestOf,
  restore,
  schemasIn as schemasThere,
  sealed,
  serverOf,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/** Where a backup may be restored: beside names of any kind, into a live schema, into another database. */
let postgres: Postgres;
let older: Postgres;
beforeAll(async () => {
  postgres = await startPostgres(18);
  older = await startPostgres(15);
});
afterAll(async () => {
  await postgres.stop();
  await older.stop();
});

const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };
const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe('schemas of any name', () => {
  it.each([
    ['Ünï "x".y', 'Mixed Case'],
    ['select', 'table'],
    ["it's; DROP SCHEMA shared; --", '$(id) `x` $$ %I \\'],
    ['é'.repeat(31), `${'x'.repeat(62)}y`],
    ['larder', 'Larder restore 1 of backup 2'],
  ])('%s is restored beside as %s', async (from, to) => {
    const database = await newDatabase(
      postgres,
      `CREATE SCHEMA ${quotedName(from)}; SET search_path = ${quotedName(from)}; CREATE TABLE ${quotedName(to)} (id serial PRIMARY KEY, ${quotedName(from)} text);
       INSERT INTO ${quotedName(to)} DEFAULT VALUES; CREATE VIEW ${quotedName(from)} AS SELECT * FROM ${quotedName(to)};
       COMMENT ON SCHEMA ${quotedName(from)} IS 'Larder restore x of backup y'; RESET search_path`,
    );
    const stored = await takeBackup(postgres, database, [from]);
    const places = [{ from, to }];
    const restoreId = uuidv7(Date.now());
    const loaded = await restore({ postgres, database }, stored, { places, restoreId });
    expect(loaded).toMatchObject({ rows: 1, tables: 1 });
    const there = (await schemasThere(postgres, database)).sort();
    expect(there).toEqual([from, to].sort());
    const server = serverOf({ postgres, database });
    expect(await server.findLoaded(sealed(restoreId), places)).toEqual(loaded);
    expect(await server.findLoaded(sealed(), places)).toBeUndefined();
  });

  it('and their objects may have names that look like SQL', async () => {
    const database = await newDatabase(postgres, HOSTILE);
    const stored = await takeBackup(postgres, database, [HOSTILE_SCHEMA], { user: 'postgres' });
    for (const to of ['beside', 'again\n\\. "x"']) {
      await restore({ postgres, database }, stored, { places: [{ from: HOSTILE_SCHEMA, to }] });
    }
    const rows = (schema: string) =>
      postgres.sql(`SELECT * FROM ${quotedName(schema)}."$_$" ORDER BY id`, database);
    expect((await rows('beside')).rows).toEqual((await rows(HOSTILE_SCHEMA)).rows);
  });

  it('several of one backup are restored together, each with its name', async () => {
    const database = await newDatabase(
      postgres,
      `CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t (id int PRIMARY KEY); CREATE TABLE two.t (id int REFERENCES one.t);
       INSERT INTO one.t VALUES (1); INSERT INTO two.t VALUES (1); CREATE VIEW one.v AS SELECT * FROM two.t;`,
    );
    const stored = await takeBackup(postgres, database, ['one', 'two']);
    expect(schemasIn(stored.manifest)).toEqual(['one', 'two']);
    const restoreId = uuidv7(Date.now());
    const loaded = await restore({ postgres, database }, stored, { restoreId });
    expect(loaded).toMatchObject({ rows: 2, foreignKeys: [] });
    const server = serverOf({ postgres, database });
    expect(await server.findLoaded(sealed(restoreId), placesOf(stored))).toEqual(loaded);
    const swap = [
      { from: 'one', to: 'one_before' },
      { from: 'two', to: 'two_before' },
      { from: 'one_restored', to: 'one' },
      { from: 'two_restored', to: 'two' },
    ];
    expect(await server.rename(sealed(restoreId), swap, options)).toMatchObject({
      names: 'renamed',
    });
    expect(await server.rename(sealed(restoreId), swap, options)).toMatchObject({
      names: 'already',
    });
    const { rows } = await postgres.sql(
      "SELECT nspname AS name, obj_description(oid) AS said FROM pg_namespace WHERE nspname ~ '^(one|two)' ORDER BY 1",
      database,
    );
    expect(
      rows.map(
        ({ name, said }: { name: string; said: string | null }) =>
          `${name}: ${said?.split('\n')[0]}`,
      ),
    ).toEqual([
      'one: undefined',
      `one_before: Put aside by Larder restore ${restoreId}`,
      'two: undefined',
      `two_before: Put aside by Larder restore ${restoreId}`,
    ]);
    const undo = [
      { from: 'one', to: 'one_undone' },
      { from: 'two', to: 'two_undone' },
      { from: 'one_before', to: 'one' },
      { from: 'two_before', to: 'two' },
    ];
    expect(await server.rename(sealed(), undo, options)).toMatchObject({ names: 'renamed' });
    const after = await postgres.sql(
      "SELECT obj_description('one'::regnamespace) AS said",
      database,
    );
    expect(after.rows).toEqual([{ said: null }]);
    await expect(server.rename(sealed(), swap, options)).rejects.toMatchObject({
      name: 'SchemaNotFound',
    });
  });

  it('public is like any other, if its owner allows it to be renamed', async () => {
    const database = await newDatabase(
      postgres,
      `RESET ROLE; ALTER SCHEMA public OWNER TO ${OWNER}; SET ROLE ${OWNER}; CREATE TABLE public.t (id int); INSERT INTO public.t VALUES (1)`,
    );
    const stored = await takeBackup(postgres, database, ['public']);
    expect((await surveyOf({ postgres, database }, stored)).problems).toEqual([]);
    expect(await restore({ postgres, database }, stored)).toMatchObject({ rows: 1, leftOut: [] });
    const { rows } = await postgres.sql('SELECT * FROM public_restored.t, public.t AS u', database);
    expect(rows).toHaveLength(1);
  });
});

const SHOP = `
  CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY); INSERT INTO shared.users VALUES (1);
  CREATE SCHEMA acme;
  CREATE TYPE acme.mood AS ENUM ('ok');
  CREATE TABLE acme.customers (id serial PRIMARY KEY, u int REFERENCES shared.users, m acme.mood DEFAULT 'ok');
  CREATE TABLE acme.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int CONSTRAINT of_customer REFERENCES acme.customers, note text);
  CREATE FUNCTION acme.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER tr BEFORE INSERT ON acme.orders FOR EACH ROW EXECUTE FUNCTION acme.f();
  CREATE INDEX by_note ON acme.orders (note);
  CREATE TABLE acme.days (d int) PARTITION BY LIST (d);
  CREATE TABLE acme.days_1 PARTITION OF acme.days FOR VALUES IN (1);
  CREATE TABLE acme.days_2 PARTITION OF acme.days FOR VALUES IN (2);
  INSERT INTO acme.days VALUES (1), (1), (2);
  INSERT INTO acme.customers (u) VALUES (1); INSERT INTO acme.orders (customer, note) VALUES (1, 'a'), (1, 'b');
  COMMENT ON TABLE acme.orders IS 'their own words';`;

describe('chosen tables', () => {
  const LIVE = [{ from: 'acme', to: 'acme' }];

  it.each(['custom', 'tar'] as const)(
    'from %s are restored into the live schema if it has none of the names',
    async (format) => {
      const database = await newDatabase(postgres, SHOP);
      const target = { postgres, database };
      const stored = await takeBackup(postgres, database, ['acme'], { format });
      const chosen = await choose(stored, ['orders', 'days']);
      const wishes = { mode: 'tables-live' as const, places: LIVE, tables: chosen.tables };
      const taken = await surveyOf(target, stored, wishes);
      expect(taken.problems).toHaveLength(4);
      await expect(
        restore(target, stored, { ...wishes, entries: chosen.entries }),
      ).rejects.toMatchObject({
        name: 'RestoreRefused',
      });
      await postgres.sql('DROP TABLE acme.orders, acme.days', database);
      expect((await surveyOf(target, stored, wishes)).problems).toEqual([]);
      const restoreId = uuidv7(Date.now());
      const loaded = await restore(target, stored, {
        ...wishes,
        entries: chosen.entries,
        restoreId,
      });
      expect(loaded).toMatchObject({ tables: 4, rows: 5 });
      const server = serverOf(target);
      expect(await server.findLoaded(sealed(restoreId), LIVE)).toEqual(loaded);
      const { rows } = await postgres.sql(
        `SELECT obj_description('acme.orders'::regclass) AS said, (SELECT count(*)::int FROM acme.days) AS days, (SELECT tgname FROM pg_trigger WHERE tgrelid = 'acme.orders'::regclass AND NOT tgisinternal) AS trigger`,
        database,
      );
      expect(rows[0].said).toMatch(
        /^Larder restore .*\n\ntheir own words\n\nLarder restore state: /s,
      );
      expect(rows[0]).toMatchObject({ days: 3, trigger: 'tr' });
      await postgres.sql('INSERT INTO acme.orders (customer) VALUES (1)', database);
    },
  );

  it('that reference live tables get their keys afterwards, so that no session waits for the rows', async () => {
    const database = await newDatabase(postgres, SHOP);
    const target = { postgres, database };
    const stored = await takeBackup(postgres, database, ['acme']);
    const chosen = await choose(stored, ['orders']);
    await postgres.sql('DROP TABLE acme.orders', database);
    let locks: unknown;
    const loaded = await restore(target, stored, {
      mode: 'tables-live',
      places: LIVE,
      tables: chosen.tables,
      entries: chosen.entries,
      confirm: async () => {
        locks = (
          await postgres.sql(
            "SELECT mode FROM pg_locks WHERE relation = 'acme.customers'::regclass AND mode NOT IN ('AccessShareLock')",
            database,
          )
        ).rows;
      },
    });
    expect(locks).toEqual([]);
    const keys = await serverOf(target).addForeignKeys(loaded.foreignKeys, options);
    const told = [
      ...chosen.leftOut.map(({ what }) => what),
      ...keys.map(({ name }) => name),
    ].join();
    expect(told).toContain('of_customer');
  });

  it('are restored beside with the types they need', async () => {
    const database = await newDatabase(postgres, SHOP);
    const target = { postgres, database };
    const stored = await takeBackup(postgres, database, ['acme']);
    const chosen = await choose(stored, ['customers']);
    const loaded = await restore(target, stored, {
      tables: chosen.tables,
      entries: chosen.withNeeds,
    });
    expect(loaded).toMatchObject({ tables: 1, rows: 1 });
    const { rows } = await postgres.sql('SELECT m::text FROM acme_restored.customers', database);
    expect(rows).toEqual([{ m: 'ok' }]);
  });
});

describe('another database', () => {
  const EXTENDED = `CREATE EXTENSION citext SCHEMA shared; CREATE TABLE acme.mails (m shared.citext); INSERT INTO acme.mails VALUES ('A'), ('b');`;
  const elsewhere = { mode: 'elsewhere' as const, places: [{ from: 'acme', to: 'acme' }] };

  it('gets the backup under its own name, with the extensions it needs if that is allowed', async () => {
    const source = await newDatabase(older, SHOP + EXTENDED);
    const stored = await takeBackup(older, source, ['acme']);
    const database = await newDatabase(
      postgres,
      'CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY)',
    );
    const target = { postgres, database };
    const refused = await surveyOf(target, stored, elsewhere);
    expect(refused.problems).toEqual([expect.stringContaining('"citext" is missing')]);
    const allowed = { ...elsewhere, createExtensions: true };
    expect((await surveyOf(target, stored, allowed)).problems).toEqual([]);
    const restoreId = uuidv7(Date.now());
    const loaded = await restore(target, stored, { ...allowed, restoreId });
    expect(loaded).toMatchObject({ rows: 8, leftOut: [] });
    expect(await serverOf(target).findLoaded(sealed(restoreId), elsewhere.places)).toEqual(loaded);
    // The copy has other users: the key exists for new rows, and the reason is reported.
    expect(await serverOf(target).addForeignKeys(loaded.foreignKeys, options)).toMatchObject([
      { name: 'customers_u_fkey', state: 'not-valid' },
    ]);
    await expect(restore(target, stored, allowed)).rejects.toMatchObject({
      name: 'RestoreRefused',
    });
    expect((await surveyOf(target, stored, allowed)).problems.join()).toContain(
      '"acme" already exists',
    );
  });

  it('that lacks extensions gets them in the order of their requirements, each in the schema that it had', async () => {
    // By name, "earthdistance" comes after "cube"; by schema and in the manifest, cube is not even named: only the database has it.
    const source = await newDatabase(older, 'CREATE SCHEMA acme');
    await older.sql(
      `CREATE SCHEMA a_ext; CREATE SCHEMA z_ext; CREATE EXTENSION cube SCHEMA z_ext; CREATE EXTENSION earthdistance SCHEMA a_ext;
      GRANT USAGE ON SCHEMA a_ext, z_ext TO PUBLIC; SET ROLE app_owner; CREATE TABLE acme.places (v float8 DEFAULT a_ext.earth());
      INSERT INTO acme.places DEFAULT VALUES`,
      source,
    );
    const stored = await takeBackup(older, source, ['acme']);
    expect(stored.manifest.extensions.map(({ name }) => name)).toEqual(['earthdistance']);
    const database = await newDatabase(postgres, 'SELECT');
    const target = { postgres, database, user: 'postgres' };
    const places = [{ from: 'acme', to: 'acme' }];
    const wish = { mode: 'elsewhere', places, createExtensions: true } as const;
    expect((await surveyOf(target, stored, wish)).missingExtensions).toMatchObject([
      { name: 'earthdistance', schema: 'a_ext', available: true },
      { name: 'cube', schema: 'z_ext', available: true },
    ]);
    const not = await surveyOf(target, stored, { ...wish, createExtensions: false });
    expect(not.problems.join()).toContain('"cube" is missing');
    await restore(target, stored, wish);
    const { rows } = await postgres.sql(
      "SELECT extname AS name, extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
      database,
    );
    expect(rows).toEqual([
      { name: 'cube', schema: 'z_ext' },
      { name: 'earthdistance', schema: 'a_ext' },
    ]);
  });

  it('that has a tenant of that name keeps it, and the copy gets another', async () => {
    const source = await newDatabase(older, SHOP);
    const stored = await takeBackup(older, source, ['acme']);
    const database = await newDatabase(
      postgres,
      'CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY); CREATE SCHEMA acme; CREATE TABLE acme.own (id int)',
    );
    const places = [{ from: 'acme', to: 'acme_copy' }];
    await restore({ postgres, database }, stored, { mode: 'elsewhere', places });
    const { rows } = await postgres.sql(
      "SELECT relnamespace::regnamespace::text AS schema, relname AS name FROM pg_class WHERE relname IN ('own', 'orders') ORDER BY 1",
      database,
    );
    expect(rows).toEqual([
      { schema: 'acme', name: 'own' },
      { schema: 'acme_copy', name: 'orders' },
    ]);
  });
});

describe('an extension inside the schema', () => {
  const WITH_EXTENSION = `
    CREATE SCHEMA acme; CREATE EXTENSION hstore SCHEMA acme;
    CREATE TABLE acme.t (h acme.hstore); INSERT INTO acme.t VALUES ('a=>1'), ('b=>2');
    CREATE INDEX ON acme.t USING gin (h);`;

  it('moves with the name, and back, while others use it', async () => {
    const database = await newDatabase(postgres, WITH_EXTENSION);
    const target = { postgres, database, user: 'postgres' };
    const stored = await takeBackup(postgres, database, ['acme']);
    expect((await surveyOf(target, stored)).problems).toEqual([]);
    const request = await requestOf(stored, {
      confirm: async () => {
        const { rows } = await postgres.sql(
          "SELECT count(*)::int AS n FROM acme.t WHERE h OPERATOR(acme.?) 'a'",
          database,
        );
        expect(rows).toEqual([{ n: 1 }]);
      },
    });
    await serverOf(target).load(request);
    const { rows } = await postgres.sql(
      `SELECT extnamespace::regnamespace::text AS schema, (SELECT count(*)::int FROM acme_restored.t WHERE h OPERATOR(acme.?) 'a') AS n
       FROM pg_extension WHERE extname = 'hstore'`,
      database,
    );
    expect(rows).toEqual([{ schema: 'acme', n: 1 }]);
    const places = [
      { from: 'acme', to: 'acme_before' },
      { from: 'acme_restored', to: 'acme' },
    ];
    await serverOf(target).rename(sealed(), places, options);
    const after = await postgres.sql(
      "SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'hstore'",
      database,
    );
    expect(after.rows).toEqual([{ schema: 'acme' }]);
  });

  it('is refused by name for a role that may not move it, and nothing is changed', async () => {
    const database = await newDatabase(postgres, WITH_EXTENSION);
    const stored = await takeBackup(postgres, database, ['acme']);
    const { problems } = await surveyOf({ postgres, database }, stored);
    expect(problems).toEqual([
      expect.stringMatching(
        /^Extension "hstore" is in schema "acme" .* belongs to "\w+", a superuser/,
      ),
    ]);
    await expect(restore({ postgres, database }, stored)).rejects.toMatchObject({
      name: 'PermissionMissing',
    });
    expect(await schemasThere(postgres, database)).toEqual(['acme']);
  });
});
