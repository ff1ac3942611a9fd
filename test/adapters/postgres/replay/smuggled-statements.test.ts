import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { newDatabase, restore, type Stored, schemasIn, takeBackup } from '../support/restoring.ts';

/** What stands in a backup that pg_dump did not write: whoever could write to the vault must not reach another tenant by it. */
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

/** Puts SQL where the rows are done and the text goes on. */
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

const SMUGGLED: readonly (readonly [string, string])[] = [
  ['an end of the transaction', 'COMMIT;'],
  ['a rollback', 'ROLLBACK;'],
  ['a savepoint', 'SAVEPOINT x;'],
  ['another transaction', 'BEGIN;'],
  ['a prepared transaction', "PREPARE TRANSACTION 'x';"],
  ['a role', 'SET ROLE app_owner;'],
  ['a session', "SET SESSION AUTHORIZATION 'postgres'; COMMIT;"],
  ['a path', "SELECT pg_catalog.set_config('search_path', 'other', false);"],
  ['a path set plainly', 'SET search_path = other;'],
  ['row security', 'SET row_security = on;'],
  ['a setting of the session', "SET session_replication_role = 'replica';"],
  ['an encoding in which quotes hide', "SET client_encoding = 'SJIS';"],
  ['code', 'DO $$ BEGIN DELETE FROM other.secrets; END $$;'],
  ['a call', 'CALL acme.p();'],
  ['a query', 'SELECT pg_terminate_backend(1);'],
  ['a query with effects', "SELECT pg_catalog.setval('other.s', 99, true);"],
  ['a large object', 'SELECT pg_catalog.lo_create(1);'],
  ['rows of another', 'DELETE FROM other.secrets;'],
  ['rows for another', 'COPY other.secrets (v) FROM stdin;\nmine\n\\.\n'],
  ['rows from a file', "COPY acme.t FROM '/etc/passwd';"],
  ['rows from a program', "COPY acme.t FROM PROGRAM 'id';"],
  ['rows into a program', "COPY acme.t TO PROGRAM 'cat';"],
  ['an insert', "INSERT INTO acme.t VALUES (7, 'y');"],
  ['a schema', 'CREATE SCHEMA third;'],
  ['a table of another', 'CREATE TABLE other.mine (id int);'],
  ['a table without a schema', 'CREATE TABLE mine (id int);'],
  ['a temporary table', 'CREATE TEMP TABLE mine (id int);'],
  [
    'a partition of another',
    'CREATE TABLE acme.p PARTITION OF other.log FOR VALUES FROM (1) TO (2);',
  ],
  ['an heir by ALTER', 'ALTER TABLE acme.t INHERIT other.secrets;'],
  [
    'an heir behind another action',
    'ALTER TABLE ONLY acme.t ADD COLUMN more int, INHERIT other.secrets;',
  ],
  ['another schema for its own', 'ALTER TABLE acme.t SET SCHEMA other;'],
  ['another name for its own', 'ALTER TABLE acme.t RENAME TO u;'],
  ['another name for a schema', 'ALTER SCHEMA other RENAME TO mine;'],
  ['another schema for its own and its heirs', 'ALTER TABLE acme.t * SET SCHEMA other;'],
  [
    'another schema for an operator class',
    'ALTER OPERATOR CLASS acme.c USING btree SET SCHEMA other;',
  ],
  ['another schema for a function', 'ALTER FUNCTION acme.f(integer) SET SCHEMA other;'],
  ['a column more', 'ALTER TABLE acme.t ADD COLUMN b text;'],
  [
    'an expression that is evaluated for rows',
    "ALTER TABLE acme.t ALTER COLUMN v TYPE text USING (pg_catalog.query_to_xml('DELETE FROM other.secrets', true, false, '')::text);",
  ],
  ['a second action', 'ALTER TABLE ONLY acme.t ENABLE ROW LEVEL SECURITY, ADD COLUMN b text;'],
  [
    'a second action behind an array',
    "ALTER TABLE ONLY acme.t ALTER COLUMN v SET DEFAULT (ARRAY['a', 'b'])[1], ADD COLUMN b text;",
  ],
  ['a table of rows of another', 'CREATE TABLE acme.loot AS SELECT * FROM other.secrets;'],
  [
    'a table of rows that a query deletes',
    'CREATE TABLE acme.loot (v) AS WITH d AS (DELETE FROM other.secrets RETURNING *) SELECT * FROM d;',
  ],
  [
    'a table of rows behind very many words',
    `CREATE TABLE acme.loot (${Array.from({ length: 2100 }, (_, n) => `c${n}`).join(', ')}) AS SELECT * FROM other.secrets;`,
  ],
  ['a key inside a table', 'CREATE TABLE acme.u (a text REFERENCES other.secrets(v));'],
  [
    'a key behind very many words',
    `CREATE TABLE acme.u (${Array.from({ length: 1500 }, (_, n) => `c${n} int NOT NULL`).join(', ')}, a text REFERENCES other.secrets(v));`,
  ],
  ['a key inside a column', 'ALTER TABLE acme.t ADD COLUMN b text REFERENCES other.secrets(v);'],
  [
    'a key and something else',
    'ALTER TABLE acme.t ADD CONSTRAINT k FOREIGN KEY (v) REFERENCES other.secrets(v), ADD COLUMN b text;',
  ],
  ['the form of another', 'CREATE TABLE acme.u (LIKE other.secrets INCLUDING ALL);'],
  ['a view of another', 'CREATE VIEW acme.loot AS SELECT * FROM other.secrets;'],
  [
    'a materialized view of another',
    'CREATE MATERIALIZED VIEW acme.loot AS SELECT * FROM other.secrets WITH NO DATA;\nREFRESH MATERIALIZED VIEW acme.loot;',
  ],
  ['a view that is filled at once', 'CREATE MATERIALIZED VIEW acme.loot AS SELECT 1 AS a;'],
  [
    'a rule that writes to another',
    'CREATE RULE r AS ON INSERT TO acme.t DO ALSO DELETE FROM other.secrets;',
  ],
  [
    "a default of another's",
    "CREATE TABLE acme.u (a bigint DEFAULT nextval('other.s'::regclass));",
  ],
  ['statistics of another', 'CREATE STATISTICS acme.st ON v, (length(v)) FROM other.secrets;'],
  [
    'bounds that are evaluated',
    'CREATE TABLE acme.p (id int) PARTITION BY RANGE (id);\nCREATE TABLE acme.q (id int);\nALTER TABLE ONLY acme.p ATTACH PARTITION acme.q FOR VALUES FROM (acme.f(1)) TO (9);',
  ],
  [
    'rows behind a trigger',
    "CREATE FUNCTION acme.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM other.secrets; RETURN NEW; END';\nCREATE TABLE acme.u (a int);\nCREATE TRIGGER x BEFORE INSERT ON acme.u FOR EACH ROW EXECUTE FUNCTION acme.fire();\nCOPY acme.u (a) FROM stdin;\n1\n\\.\n",
  ],
  [
    'rows behind a rule',
    'CREATE TABLE acme.u (a int);\nCREATE RULE x AS ON INSERT TO acme.u DO ALSO NOTHING;\nCOPY acme.u (a) FROM stdin;\n1\n\\.\n',
  ],
  ['an owner that it never had', 'ALTER TABLE acme.t OWNER TO pg_database_owner;'],
  ['a grant to somebody it never knew', 'GRANT SELECT ON TABLE acme.t TO larder_backup;'],
  ['a detached partition', 'ALTER TABLE acme.t DETACH PARTITION acme.u;'],
  ['a change of another', 'ALTER TABLE other.secrets DISABLE ROW LEVEL SECURITY;'],
  ['an attachment of another', 'ALTER TABLE acme.t ATTACH PARTITION other.secrets DEFAULT;'],
  [
    'a trigger on another',
    'CREATE TRIGGER x AFTER INSERT ON other.secrets FOR EACH ROW EXECUTE FUNCTION acme.f();',
  ],
  ['a rule on another', 'CREATE RULE x AS ON INSERT TO other.secrets DO INSTEAD NOTHING;'],
  ['a policy on another', 'CREATE POLICY x ON other.secrets USING (true);'],
  ['an index on another', 'CREATE INDEX x ON other.secrets (v);'],
  ['an owner of another', 'ALTER TABLE other.secrets OWNER TO larder_restore;'],
  ['a grant on another', 'GRANT ALL ON TABLE other.secrets TO PUBLIC;'],
  ['a grant on all of another', 'GRANT ALL ON ALL TABLES IN SCHEMA other TO PUBLIC;'],
  ['a grant on its own and another', 'GRANT SELECT ON TABLE acme.t, other.secrets TO PUBLIC;'],
  ['a membership', 'GRANT app_owner TO larder_backup;'],
  [
    'default rights everywhere',
    'ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT ALL ON TABLES TO PUBLIC;',
  ],
  [
    'default rights of another',
    'ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA other GRANT ALL ON TABLES TO PUBLIC;',
  ],
  ['a comment on another', "COMMENT ON TABLE other.secrets IS 'x';"],
  ['a comment on the database', "COMMENT ON DATABASE postgres IS 'x';"],
  ['a role of its own', 'CREATE ROLE mine;'],
  ['a setting of the server', "ALTER SYSTEM SET work_mem = '1GB';"],
  ['a setting of a role', "ALTER ROLE larder_restore SET search_path = 'other';"],
  ['an extension that it does not have', 'CREATE EXTENSION citext WITH SCHEMA acme;'],
  ['an extension that is there', 'ALTER EXTENSION plpgsql ADD TABLE acme.t;'],
  ['a server', 'CREATE SERVER x FOREIGN DATA WRAPPER y;'],
  ['a cast', 'CREATE CAST (acme.x AS int) WITHOUT FUNCTION;'],
  ['a language', 'CREATE LANGUAGE x;'],
  ['a refresh of another', 'REFRESH MATERIALIZED VIEW other.secrets;'],
  ['a lock', 'LOCK TABLE acme.t;'],
  ['a listener', 'LISTEN x;'],
  ['a drop', 'DROP TABLE acme.t;'],
  ['a vacuum', 'VACUUM;'],
  ['a command of psql', '\\! touch /tmp/larder-was-here'],
  ['a file for psql', '\\i /etc/passwd'],
];

describe('a backup with', () => {
  it.each(SMUGGLED)('%s in it is refused, and nothing of it happens', async (_, sql) => {
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
  ])('%s in it comes back without it, and says so', async (what, sql) => {
    const places = [{ from: 'acme', to: `acme ${what}` }];
    const loaded = await restore({ postgres, database }, stored, { bytes: smuggle(sql), places });
    expect(loaded.leftOut).toHaveLength(1);
    expect(loaded.leftOut[0]?.why).toContain('belongs to the database');
    await postgres.sql(`DROP SCHEMA "acme ${what}" CASCADE`, database);
  });

  it('a second statement hidden from one lexer is an error of the server', async () => {
    // Two statements in one piece never come out of the reader; the protocol would not take them either.
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
  ])('%s that it gives to nobody has no rights but those of its caller', async (what) => {
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

  it("a table that it gives to nobody is the owner's of the schema before its rows come", async () => {
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

  it('an heir of a table of another is restored without it, so that its rows show there once', async () => {
    const places = [{ from: 'acme', to: 'acme_heir' }];
    const loaded = await restore({ postgres, database }, stored, {
      bytes: smuggle(
        'CREATE TABLE acme.heir (more int) INHERITS (other.secrets);\nCOPY acme.heir (v, more) FROM stdin;\nmine\t1\n\\.\n',
      ),
      places,
    });
    expect(loaded.leftOut[0]?.what).toContain('as an heir of "other.secrets"');
    expect((await postgres.sql('SELECT v FROM other.secrets', database)).rows).toEqual([
      { v: 'secret' },
    ]);
    await postgres.sql('DROP SCHEMA acme_heir CASCADE', database);
  });
});
