import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { newDatabase, restore, type Stored, schemasIn, takeBackup } from '../support/restoring.ts';
import { SMUGGLED } from '../support/smuggled.ts';

/** SQL in a backup that pg_dump did not write: an attacker who can write to the vault must not reach another tenant with it. */
const TENANTS = `
  CREATE SCHEMA acme; CREATE TABLE acme.t (id int PRIMARY KEY, v text); INSERT INTO acme.t VALUES (1, 'x');
  CREATE SEQUENCE acme.s;
  CREATE SCHEMA other; CREATE TABLE other.secrets (v text); INSERT INTO other.secrets VALUES ('secret');
  CREATE SEQUENCE other.s;
  CREATE TABLE other.log (id int, v text) PARTITION BY RANGE (id);`;

let postgres: Postgres;
let database: string;
let stored: Stored;
beforeAll(async () => {
  postgres = await startPostgres(18);
  database = await newDatabase(postgres, TENANTS);
  stored = await takeBackup(postgres, database, ['acme'], { format: 'plain', compression: 'none' });
});
afterAll(() => postgres.stop());

/** Inserts SQL after the rows, where statements continue. */
const smuggle = (sql: string) => {
  const text = stored.bytes.toString();
  const at = text.indexOf('-- Name: t t_pkey');
  if (at < 0) throw new Error('the dump looks other than thought');
  return Buffer.from(`${text.slice(0, at)}\n${sql}\n${text.slice(at)}`);
};

const state = async (): Promise<unknown> => [
  await schemasIn(postgres, database),
  (await postgres.sql('SELECT * FROM other.secrets', database)).rows,
  (await postgres.sql('SELECT last_value, is_called FROM other.s', database)).rows,
  (
    await postgres.sql(
      "SELECT relname, relacl::text, relowner FROM pg_class WHERE relnamespace = 'other'::regnamespace ORDER BY 1",
      database,
    )
  ).rows,
  (await postgres.sql('SELECT rolname FROM pg_roles ORDER BY 1', database)).rows,
];

describe('a backup with', () => {
  it.each(SMUGGLED)('%s in it is refused, and has no effect', async (_, sql) => {
    const before = await state();
    await expect(
      restore({ postgres, database }, stored, { bytes: smuggle(sql) }),
    ).rejects.toMatchObject({
      name: 'DumpUnreadable',
    });
    expect(await state()).toEqual(before);
  });

  it.each([
    ['a publication', 'CREATE PUBLICATION p FOR TABLE ONLY acme.t;'],
    ['a subscription', "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p;"],
    ['an event trigger', 'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION acme.f();'],
  ])('%s in it is restored without it, which is reported', async (what, sql) => {
    const places = [{ from: 'acme', to: `acme ${what}` }];
    const loaded = await restore({ postgres, database }, stored, { bytes: smuggle(sql), places });
    expect(loaded.leftOut).toHaveLength(1);
    expect(loaded.leftOut[0]?.why).toContain('belongs to the database');
    await postgres.sql(`DROP SCHEMA "acme ${what}" CASCADE`, database);
  });

  it('a second statement hidden from one lexer is an error of the server', async () => {
    // The reader never returns two statements in one piece; the protocol would not accept them either.
    const sql = "COMMENT ON TABLE acme.t IS E'\\'; DROP TABLE other.secrets; --';";
    const places = [{ from: 'acme', to: 'acme_quoted' }];
    await restore({ postgres, database }, stored, { bytes: smuggle(sql), places });
    const { rows } = await postgres.sql(
      "SELECT obj_description('acme_quoted.t'::regclass) AS c",
      database,
    );
    expect(rows[0].c).toBe("'; DROP TABLE other.secrets; --");
    await postgres.sql('DROP SCHEMA acme_quoted CASCADE', database);
  });

  it.each([
    ['a function', 'ALTER ROUTINE'],
    ['a view', 'ALTER VIEW'],
  ])('%s without an owner has no rights but those of its caller', async (what) => {
    const places = [{ from: 'acme', to: 'acme_spy' }];
    const sql =
      what === 'a function'
        ? "CREATE FUNCTION acme.spy() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT v FROM other.secrets';\nGRANT ALL ON FUNCTION acme.spy() TO PUBLIC;"
        : 'CREATE VIEW acme.spy AS SELECT v FROM acme.t;\nGRANT SELECT ON TABLE acme.spy TO PUBLIC;';
    const loaded = await restore({ postgres, database }, stored, { bytes: smuggle(sql), places });
    expect(loaded.leftOut).toHaveLength(1);
    expect(loaded.leftOut[0]?.what).toMatch(/SECURITY DEFINER of function|owner's rights of view/);
    const { rows } = await postgres.sql(
      `SELECT prosecdef::text AS is FROM pg_proc WHERE proname = 'spy' UNION ALL SELECT reloptions::text FROM pg_class WHERE relname = 'spy'`,
      database,
    );
    expect(rows).toEqual([{ is: what === 'a function' ? 'false' : '{security_invoker=true}' }]);
    await postgres.sql('DROP SCHEMA acme_spy CASCADE', database);
  });

  it("a table without an owner belongs to the schema's owner before its rows are loaded", async () => {
    const places = [{ from: 'acme', to: 'acme_lost' }];
    const loaded = await restore({ postgres, database }, stored, {
      bytes: smuggle(
        "CREATE FUNCTION acme.who(v text) RETURNS boolean LANGUAGE sql AS 'SELECT v = current_user';\nCREATE TABLE acme.u (a text CHECK (acme.who(a)));\nCOPY acme.u (a) FROM stdin;\napp_owner\n\\.\n",
      ),
      places,
    });
    expect(loaded.leftOut[0]?.what).toBe('the owner of table "acme.u"');
    await postgres.sql('DROP SCHEMA acme_lost CASCADE', database);
  });

  it('a child table of a foreign table is restored without the inheritance, so that its rows show there once', async () => {
    const places = [{ from: 'acme', to: 'acme_heir' }];
    const loaded = await restore({ postgres, database }, stored, {
      bytes: smuggle(
        'CREATE TABLE acme.heir (more int) INHERITS (other.secrets);\nCOPY acme.heir (v, more) FROM stdin;\nmine\t1\n\\.\n',
      ),
      places,
    });
    expect(loaded.leftOut[0]?.what).toContain('as a child of "other.secrets"');
    expect((await postgres.sql('SELECT v FROM other.secrets', database)).rows).toEqual([
      { v: 'secret' },
    ]);
    await postgres.sql('DROP SCHEMA acme_heir CASCADE', database);
  });
});
