import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreflightRequest } from '../../../../core/restore-ports.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import {
  choose,
  newDatabase,
  OWNER,
  placesOf,
  RESTORE_ROLE,
  restore,
  type Stored,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/** Names that must be free, names that must exist, and sessions that a change of names disturbs. */
let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres(18);
});
afterAll(() => postgres.stop());

const prepare = async (setup: string) => {
  const database = await newDatabase(postgres, `CREATE SCHEMA acme; ${setup}`);
  const stored = await takeBackup(postgres, database, ['acme'], { user: 'postgres' });
  const sql = (text: string) => postgres.sql(text, database);
  return { target: { postgres, database }, stored, sql };
};

const swap = (stored: Stored): Partial<PreflightRequest> => ({
  mode: 'swap',
  places: placesOf(stored),
});

/** The parameters of a restore of tables into the live schema. */
const intoLive = async (stored: Stored, names: readonly string[]) => {
  const chosen = await choose(stored, names);
  const { tables, entries } = chosen;
  const places = [{ from: 'acme', to: 'acme' }];
  return { mode: 'tables-live' as const, places, tables, entries, chosen };
};

describe('tables into the live schema', () => {
  const NUMBERED = `CREATE TABLE acme.t (id serial PRIMARY KEY, a int UNIQUE, b int);
    CREATE STATISTICS acme.st ON a, b FROM acme.t; CREATE INDEX "an ""index" ON acme.t (b);
    INSERT INTO acme.t (a) VALUES (1), (2);`;

  it('get a list of all names that block them, and can proceed once those are moved away', async () => {
    const { target, stored, sql } = await prepare(NUMBERED);
    await sql('ALTER TABLE acme.t RENAME TO t_damaged');
    const wishes = await intoLive(stored, ['t']);
    const { problems } = await surveyOf(target, stored, wishes);
    expect(problems).toEqual([
      expect.stringMatching(/^Statistics "acme.st" already exists/),
      'Table "acme.t_damaged" has names that are needed (index "an \\"index", index "t_a_key", sequence "t_id_seq", index "t_pkey"): move it away with everything that belongs to it (CREATE SCHEMA IF NOT EXISTS "acme_damaged"; ALTER TABLE "acme"."t_damaged" SET SCHEMA "acme_damaged"), or restore beside.',
    ]);
    for (const problem of problems)
      await sql(/\((CREATE SCHEMA.*?)\), or/.exec(problem)?.[1] ?? '');
    expect((await surveyOf(target, stored, wishes)).problems).toEqual([]);
    expect(await restore(target, stored, wishes)).toMatchObject({ tables: 1, rows: 2 });
  });

  it('find views, types and sequences that block them too', async () => {
    const { target, stored, sql } = await prepare(
      'CREATE TABLE acme.t (id serial); CREATE TABLE acme.u (a int); CREATE TABLE acme.v (a int)',
    );
    const wishes = await intoLive(stored, ['t', 'u', 'v']);
    expect((await surveyOf(target, stored, wishes)).problems).toEqual([
      expect.stringMatching(/^Table "acme.t" already exists, and rows are never added/),
      expect.stringMatching(/^Table "acme.u" already exists/),
      expect.stringMatching(/^Table "acme.v" already exists/),
    ]);
    await sql(`DROP TABLE acme.t, acme.u, acme.v; SET ROLE ${OWNER};
      CREATE SEQUENCE acme.t_id_seq; CREATE VIEW acme.t AS SELECT 1; CREATE TYPE acme.u AS ENUM (); CREATE DOMAIN acme.v AS int`);
    const { problems } = await surveyOf(target, stored, wishes);
    expect(problems.map((one) => one.replace(/ already exists.*/, ''))).toEqual([
      'View "acme.t"',
      'Sequence "acme.t_id_seq"',
      'Type "acme.u"',
      'Type "acme.v"',
    ]);
    await expect(restore(target, stored, wishes)).rejects.toMatchObject({ name: 'RestoreRefused' });
    for (const problem of problems)
      await sql(/\((CREATE SCHEMA.*?)\), or/.exec(problem)?.[1] ?? '');
    expect(await restore(target, stored, wishes)).toMatchObject({ tables: 3 });
  });

  it('use a live sequence that others share, whatever its value', async () => {
    const { target, stored, sql } = await prepare(`CREATE SEQUENCE acme.numbers;
      CREATE TABLE acme.a (id int DEFAULT nextval('acme.numbers')); CREATE TABLE acme.b (id int DEFAULT nextval('acme.numbers'));
      INSERT INTO acme.a DEFAULT VALUES; INSERT INTO acme.b DEFAULT VALUES`);
    await sql(`DROP TABLE acme.b; SELECT setval('acme.numbers', 1)`);
    const wishes = await intoLive(stored, ['b']);
    expect((await surveyOf(target, stored, wishes)).problems).toEqual([]);
    expect(await restore(target, stored, wishes)).toMatchObject({ rows: 1, leftOut: [] });
    const { rows } = await sql('INSERT INTO acme.b DEFAULT VALUES RETURNING id');
    expect(rows).toEqual([{ id: 2 }]);
    await sql('DROP SEQUENCE acme.numbers CASCADE; DROP TABLE acme.b');
    const [problem = ''] = (await surveyOf(target, stored, wishes)).problems;
    expect(problem).toContain('Sequence "acme.numbers" is missing');
    await sql(`SET ROLE ${OWNER}; ${/create it \((.*?;.*?\))\)/.exec(problem)?.[1]}`);
    expect(await restore(target, stored, wishes)).toMatchObject({ rows: 1 });
    expect((await sql('INSERT INTO acme.b DEFAULT VALUES RETURNING id')).rows).toEqual([{ id: 3 }]);
  });

  it('get a list of the missing objects that they need there', async () => {
    const { target, stored, sql } = await prepare(`SET search_path = acme;
      CREATE TYPE "a ""mood" AS ENUM ('ok'); CREATE DOMAIN whole AS int CHECK (VALUE > 0); CREATE TYPE pair AS (a int, b int);
      CREATE FUNCTION "is It"(v int, OUT a boolean) LANGUAGE sql IMMUTABLE AS 'SELECT true';
      CREATE FUNCTION same(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
      CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int); CREATE COLLATION own (locale = 'C');
      CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TABLE parent (id int); CREATE SEQUENCE shared; CREATE VIEW seen AS SELECT 1 AS a;
      CREATE TABLE t (m "a ""mood", w whole, p pair[], n int DEFAULT nextval('shared'), c text COLLATE own, CHECK ("is It"(n)), CHECK (n OPERATOR(acme.===) 1), s seen) INHERITS (parent);
      CREATE TABLE u (n int DEFAULT nextval('shared'));
      CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION fire(); RESET search_path`);
    await sql('DROP TABLE acme.t');
    const wishes = await intoLive(stored, ['t']);
    expect((await surveyOf(target, stored, wishes)).problems).toEqual([]);
    await sql(`DROP TABLE acme.parent; DROP VIEW acme.seen; DROP FUNCTION acme.fire, acme."is It"; DROP FUNCTION acme.same CASCADE;
      DROP TYPE acme."a ""mood", acme.pair; DROP DOMAIN acme.whole; DROP COLLATION acme.own`);
    const { problems } = await surveyOf(target, stored, wishes);
    expect(
      problems.map((one) => one.replace(/ is missing, which the tables need: .*/, '')).sort(),
    ).toEqual([
      'The collation acme.own',
      'The domain acme.whole',
      'The function acme."is It"(v integer, OUT a boolean)',
      'The function acme.fire()',
      'The function acme.same(a integer, b integer)',
      'The operator acme.=== (integer, integer)',
      'The table acme.parent',
      'The type acme."a ""mood"',
      'The type acme.pair',
      'The view acme.seen',
    ]);
  });

  it('lock no other table of it, and read none', async () => {
    const { target, stored, sql } = await prepare(
      `CREATE TABLE acme.t (id serial); INSERT INTO acme.t DEFAULT VALUES;
      CREATE TABLE acme.hot (id serial); ALTER TABLE acme.hot ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      ALTER TABLE acme.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; REVOKE ALL ON acme.hot, acme.hot_id_seq FROM ${OWNER}`,
    );
    await sql('DROP TABLE acme.t');
    const wishes = await intoLive(stored, ['t']);
    const locked = `SELECT relation::regclass::text AS name, mode FROM pg_locks
      WHERE relation IN ('acme.hot'::regclass, 'acme.hot_id_seq'::regclass) AND mode <> 'AccessShareLock'`;
    const reader = await postgres.session(target.database);
    try {
      // A session that has only read the table would block a session that alters it.
      await reader.query('BEGIN; SELECT FROM acme.hot');
      const confirm = async () => {
        expect((await sql(locked)).rows).toEqual([]);
      };
      // Even a session that has released its locks was waited for before the COMMIT.
      const loaded = restore(target, stored, { ...wishes, confirm, lockTimeoutMs: 500 });
      expect(await loaded).toMatchObject({ rows: 1 });
    } finally {
      await reader.end();
    }
  });
});

describe('a table whose column has the row type of a view', () => {
  it('is restored beside, and what it needed of others is restored without rows, which is reported', async () => {
    const { target, stored, sql } = await prepare(`CREATE SEQUENCE acme.numbers;
      CREATE TABLE acme.a (id int DEFAULT nextval('acme.numbers')); INSERT INTO acme.a DEFAULT VALUES; INSERT INTO acme.a DEFAULT VALUES;
      CREATE VIEW acme.v AS SELECT * FROM acme.a; CREATE TABLE acme.uses (v acme.v); INSERT INTO acme.uses VALUES (ROW(1))`);
    const { tables, withNeeds, leftOutBeside } = await choose(stored, ['uses']);
    const loaded = await restore(target, stored, { tables, entries: withNeeds });
    expect(loaded).toMatchObject({ tables: 1, rows: 1 });
    expect((await sql('SELECT count(*)::int AS n FROM acme_restored.a')).rows).toEqual([{ n: 0 }]);
    expect(leftOutBeside).toEqual([
      { what: 'the rows of table "acme"."a"', why: expect.stringContaining('not chosen') },
    ]);
  });
});

describe('a swap', () => {
  it('of a tenant with range types affects no other project', async () => {
    const { target, stored } = await prepare(
      'CREATE TYPE acme.span AS RANGE (subtype = float8); CREATE TABLE acme.t (s acme.span)',
    );
    const fine = { problems: [], warnings: [] };
    expect(await surveyOf(target, stored, swap(stored))).toMatchObject(fine);
    expect(await surveyOf(target, stored)).toMatchObject(fine);
  });

  it('needs the names free that the live schema would get', async () => {
    const { target, stored, sql } = await prepare(
      'CREATE TABLE acme.t (); CREATE SCHEMA acme_before',
    );
    const before = [{ from: 'acme', to: 'acme_before' }];
    const { problems } = await surveyOf(target, stored, { ...swap(stored), before });
    expect(problems).toEqual([expect.stringMatching(/^Schema "acme_before" already exists/)]);
    await sql('DROP SCHEMA acme CASCADE');
    const gone = await surveyOf(target, stored, { ...swap(stored), before });
    expect(gone.problems).toEqual([]);
    expect(gone.warnings).toEqual([
      'No schema "acme" is live: nothing is exchanged for it and no safety backup is taken.',
    ]);
  });

  it('that would lose a foreign key because a right is missing is refused', async () => {
    const { target, stored, sql } = await prepare(
      'CREATE SCHEMA shared; CREATE TABLE shared.u (id int PRIMARY KEY); CREATE TABLE acme.t (u int REFERENCES shared.u)',
    );
    await sql('ALTER TABLE shared.u OWNER TO postgres');
    const lacking = await surveyOf(target, stored, swap(stored));
    expect(lacking.problems).toEqual([expect.stringContaining('GRANT REFERENCES')]);
    const beside = await surveyOf(target, stored);
    expect(beside).toMatchObject({ problems: [], warnings: [expect.stringContaining('by hand')] });
  });

  it('reports transactions that would read the new tables instead of those they know', async () => {
    const { target, stored } = await prepare('CREATE TABLE acme.t (a int)');
    const session = await postgres.session(target.database, RESTORE_ROLE);
    try {
      await session.query('BEGIN; SELECT 1');
      expect((await surveyOf(target, stored, swap(stored))).warnings).toEqual([]);
      await session.query('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
      const { warnings } = await surveyOf(target, stored, swap(stored));
      expect(warnings).toEqual([expect.stringContaining('A transaction holds its snapshot')]);
      expect((await surveyOf(target, stored)).warnings).toEqual([]);
    } finally {
      await session.end();
    }
  });
});

describe('the schema public', () => {
  it('reports which role may rename it, and the alternative without that', async () => {
    const database = await newDatabase(postgres, 'SELECT 1');
    const sql = (text: string) => postgres.sql(text, database);
    await sql(
      `GRANT CREATE, USAGE ON SCHEMA public TO ${OWNER}; SET ROLE ${OWNER}; CREATE TABLE public.t (id serial)`,
    );
    const stored = await takeBackup(postgres, database, ['public'], { user: 'postgres' });
    const target = { postgres, database };
    const beside = await surveyOf(target, stored);
    expect(beside.problems).toEqual([
      `Schema "public" belongs to the owner of the database, "postgres", and only that role may rename it: ALTER DATABASE "${database}" OWNER TO a role that "larder_restore" is a member of. Or restore it elsewhere (POST .../elsewhere), or restore chosen tables into the live schema ("tables", "into": "live").`,
    ]);
    expect(beside.warnings).toEqual([]);
    const live = {
      mode: 'tables-live' as const,
      places: [{ from: 'public', to: 'public' }],
      tables: [],
    };
    expect(await surveyOf(target, stored, live)).toMatchObject({ problems: [], warnings: [] });
    await sql(`REVOKE CREATE ON SCHEMA public FROM ${OWNER}`);
    expect((await surveyOf(target, stored, live)).problems).toEqual([
      expect.stringContaining('GRANT USAGE, CREATE ON SCHEMA "public" TO the role that owns'),
    ]);
    await sql(`ALTER DATABASE ${database} OWNER TO ${OWNER}`);
    expect((await surveyOf(target, stored)).problems).toEqual([]);
    expect(await surveyOf(target, stored, swap(stored))).toMatchObject({
      problems: [],
      warnings: [],
    });
    expect(await restore(target, stored)).toMatchObject({ tables: 1 });
  });
});
