import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreflightRequest } from '../../../../core/restore-ports.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import {
  newDatabase,
  OWNER,
  placesOf,
  restore,
  type Stored,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/** Checks before anything is written: each problem of a restore, with what to do. */
const TENANT = `
  CREATE SCHEMA shared; CREATE TABLE shared.users (id int PRIMARY KEY);
  CREATE FUNCTION shared.twice(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1 * 2;
  CREATE TYPE shared.mood AS ENUM ('ok');
  CREATE SCHEMA acme;
  CREATE TABLE acme.t (id int PRIMARY KEY, owner int REFERENCES shared.users, twice int DEFAULT shared.twice(2), m shared.mood);
  CREATE TABLE acme.u (id int REFERENCES acme.t);
  CREATE VIEW acme.v AS SELECT * FROM acme.t;
  CREATE FUNCTION acme.names() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM acme.t';
  CREATE FUNCTION acme.silent() RETURNS bigint LANGUAGE sql AS 'SELECT 1 -- acme.t';
  CREATE FUNCTION acme.path() RETURNS bigint LANGUAGE sql SET search_path = acme AS 'SELECT count(*) FROM acme.t';`;

let postgres: Postgres;
let other: Postgres;
beforeAll(async () => {
  postgres = await startPostgres(18);
  other = await startPostgres(15);
});
afterAll(async () => {
  await postgres.stop();
  await other.stop();
});

const prepare = async (more = '', server = postgres) => {
  const database = await newDatabase(server, TENANT + more);
  const stored = await takeBackup(server, database, ['acme'], { user: 'postgres' });
  return { target: { postgres: server, database }, stored };
};

const swap = (stored: Stored): Partial<PreflightRequest> => ({
  mode: 'swap',
  places: placesOf(stored),
});

describe('a preflight', () => {
  it('of a sound target has no problem', async () => {
    const { target, stored } = await prepare();
    expect(await surveyOf(target, stored)).toEqual({
      server: expect.objectContaining({ major: 18, encoding: 'UTF8' }),
      live: [{ schema: 'acme', oid: expect.stringMatching(/^\d+$/) }],
      notOwned: [],
      missingExtensions: [],
      missingRoles: [],
      missingOutside: [],
      functionsNamingLive: ['acme.names()', 'acme.path()'],
      foreignKeysOutside: ['acme.t: t_owner_fkey'],
      dependents: [],
      problems: [],
      warnings: [],
    });
  });

  it('finds a name that is in use', async () => {
    const { target, stored } = await prepare('CREATE SCHEMA acme_restored;');
    const { problems } = await surveyOf(target, stored);
    expect(problems).toEqual([
      'Schema "acme_restored" already exists, and a restore replaces nothing: choose another name.',
    ]);
    await expect(restore(target, stored)).rejects.toMatchObject({ name: 'RestoreRefused' });
  });

  it('reports the rights that a restore role lacks, and the load does too', async () => {
    const { target, stored } = await prepare();
    await target.postgres.sql(
      `REVOKE CREATE ON DATABASE ${target.database} FROM larder_restore, ${OWNER}; REVOKE ${OWNER} FROM larder_restore`,
      target.database,
    );
    const { problems } = await surveyOf(target, stored);
    expect(problems).toHaveLength(5);
    expect(problems[0]).toMatch(/GRANT CREATE ON DATABASE .* TO "larder_restore"/);
    expect(problems[1]).toMatch(/belongs to "app_owner".*GRANT "app_owner" TO "larder_restore"/);
    for (const problem of problems.slice(2))
      expect(problem).toContain('has no USAGE on the schema of');
    await expect(restore(target, stored)).rejects.toMatchObject({ name: 'PermissionMissing' });
    await target.postgres.sql(`GRANT ${OWNER} TO larder_restore`, target.database);
  });

  it('finds missing roles, extensions and outside objects', async () => {
    const { target, stored } = await prepare();
    const { manifest } = stored;
    const wanting = {
      ...stored,
      manifest: {
        ...manifest,
        roles: [...manifest.roles, 'nobody "x"'],
        extensions: [
          { name: 'citext', version: '1.6', schema: 'shared' },
          { name: 'never_made', version: '1', schema: 'shared' },
          { name: 'plpgsql', version: '0.9', schema: 'shared' },
        ],
      },
    };
    await target.postgres.sql(
      'DROP FUNCTION shared.twice CASCADE; DROP TABLE shared.users CASCADE',
      target.database,
    );
    const preflight = await surveyOf(target, wanting);
    expect(preflight.missingRoles).toEqual(['nobody "x"']);
    expect(preflight.missingOutside).toEqual([
      'function shared.twice(integer)',
      'table shared.users',
    ]);
    expect(preflight.missingExtensions).toEqual([
      { name: 'citext', version: '1.6', schema: 'shared', available: true },
      { name: 'never_made', version: '1', schema: 'shared', available: false },
    ]);
    expect(preflight.problems).toEqual([
      'Extension "citext" is missing: create it, or allow it with restore.createExtensions.',
      'Extension "never_made" is missing, and the server does not offer it: install it there.',
      expect.stringContaining(
        '"plpgsql" is in schema "pg_catalog" here and in "shared" in the backup',
      ),
      'The function shared.twice(integer) is missing, which acme.t needs: create it first.',
    ]);
    expect(preflight.warnings).toEqual([
      'The server has no role "nobody \\"x\\"", which the backup names: its ownerships and grants are left out, and listed.',
      'Extension "plpgsql" is version 1.0 here and was 0.9 in the backup.',
      expect.stringContaining('The table shared.users is missing, which acme.t needs'),
    ]);
    const allowed = await surveyOf(target, wanting, { createExtensions: true });
    expect(allowed.problems.join()).not.toContain('citext');
  });

  it('finds each kind of missing outside object, and all of them if they exist', async () => {
    const kinds = `SET search_path = shared; CREATE TYPE "a ""kind" AS (a int); CREATE DOMAIN whole AS int CHECK (VALUE > 0);
      CREATE TYPE span AS RANGE (subtype = int); CREATE COLLATION own (locale = 'C'); CREATE SEQUENCE numbers;
      CREATE FUNCTION same(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
      CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int);
      CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int); CREATE VIEW seen AS SELECT 1 AS a;
      CREATE TEXT SEARCH CONFIGURATION words (COPY = simple); RESET search_path;`;
    const uses = `CREATE TABLE acme.uses (k shared."a ""kind"[], w shared.whole, s shared.span, m shared.span_multirange[], c text COLLATE shared.own,
        n bigint DEFAULT nextval('shared.numbers'), e shared.seen, CHECK (1 OPERATOR(shared.===) 2));
      CREATE VIEW acme.totals AS SELECT shared.total(id), to_tsvector('shared.words', 'a') FROM acme.t;`;
    const { target, stored } = await prepare(`${kinds} ${uses}`);
    expect((await surveyOf(target, stored)).missingOutside).toEqual([]);
    await target.postgres.sql(
      'ALTER SCHEMA shared RENAME TO away; CREATE SCHEMA shared AUTHORIZATION app_owner',
      target.database,
    );
    const { missingOutside, problems } = await surveyOf(target, stored);
    expect(missingOutside).toEqual([
      'aggregate shared.total(integer)',
      'collation shared.own',
      'function shared.twice(integer)',
      'operator shared.===(integer,integer)',
      'sequence shared.numbers',
      'table shared.users',
      'text search configuration shared.words',
      'type shared."a ""kind"',
      'type shared.mood',
      'type shared.span',
      'type shared.whole',
      'view shared.seen',
    ]);
    expect(problems).toHaveLength(11);
  });

  it('refuses an older server, a backup of rows only, and a replica as target', async () => {
    const { target, stored } = await prepare('', other);
    const { manifest } = stored;
    const changed = (more: object) => ({ ...stored, manifest: { ...manifest, ...more } });
    const newer = changed({ source: { ...manifest.source, serverVersion: '18.1' } });
    expect((await surveyOf(target, newer)).problems.join()).toContain('is of PostgreSQL 18.1');
    const rows = changed({ options: { ...manifest.options, content: 'data' } });
    expect((await surveyOf(target, rows)).problems.join()).toContain('rows only');
    const latin = changed({ source: { ...manifest.source, encoding: 'SQL_ASCII' } });
    expect((await surveyOf(target, latin)).warnings.join()).toContain('SQL_ASCII');
  });

  it('reports event triggers, which run for restored objects', async () => {
    const { target, stored } = await prepare(
      `RESET ROLE; CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
       CREATE EVENT TRIGGER "a ""trigger""" ON ddl_command_end EXECUTE FUNCTION public.on_ddl(); SET ROLE ${OWNER};`,
    );
    expect((await surveyOf(target, stored)).warnings).toEqual([
      'Event triggers of the database run for what is restored: "a \\"trigger\\"".',
    ]);
  });
});

describe('what depends on the live schema from outside', () => {
  const HANGING = `
    CREATE TABLE shared.refers (id int CONSTRAINT to_acme REFERENCES acme.t);
    CREATE VIEW shared.looks AS SELECT id FROM acme.t;
    CREATE MATERIALIZED VIEW shared.keeps AS SELECT id FROM acme.v;
    CREATE FUNCTION shared.counts() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM acme.t);
    CREATE FUNCTION shared.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION acme.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER stamping BEFORE INSERT ON shared.users FOR EACH ROW EXECUTE FUNCTION acme.stamp();
    CREATE TYPE acme.kind AS ENUM ('a');
    CREATE TABLE shared.typed (k acme.kind DEFAULT 'a');
    CREATE TABLE shared.heir () INHERITS (acme.u);
    CREATE POLICY guarding ON shared.users USING (id IN (SELECT id FROM acme.t));
    CREATE TABLE shared.log (n int) PARTITION BY RANGE (n);
    CREATE TABLE acme.log_1 PARTITION OF shared.log FOR VALUES FROM (0) TO (1);
    RESET ROLE; SET client_min_messages = error;
    CREATE PUBLICATION a_few FOR TABLE acme.t; CREATE PUBLICATION whole FOR TABLES IN SCHEMA acme; SET ROLE ${OWNER};`;

  it.each([15, 18])(
    'is listed on PostgreSQL %i, and refused unless that was requested',
    async (major) => {
      const { target, stored } = await prepare(HANGING, major === 18 ? postgres : other);
      const preflight = await surveyOf(target, stored, swap(stored));
      expect(preflight.dependents).toEqual([
        'view shared.looks',
        'materialized view shared.keeps',
        'foreign key to_acme of shared.refers',
        'default of shared.typed.k',
        'trigger stamping of shared.users',
        'policy guarding of shared.users',
        'function shared.counts()',
        'column shared.typed.k',
        'child table shared.heir of acme.u',
        'publication a_few (table acme.t)',
        'publication of the schema whole (acme)',
        'partition acme.log_1 of shared.log',
      ]);
      expect(preflight.problems).toHaveLength(1);
      expect(preflight.problems[0]).toMatch(
        /^12 objects outside would stay with the old schema.*acceptDependents/,
      );
      const asked = await surveyOf(target, stored, { ...swap(stored), acceptDependents: true });
      expect(asked.problems).toEqual([]);
      expect(asked.warnings.join()).toContain('12 objects outside');
      const pointed = await surveyOf(target, stored, {
        ...swap(stored),
        repointDependents: true,
      });
      expect(pointed.warnings.join()).toMatch(/^6 objects outside will be repointed/);
      expect(pointed.problems[0]).toMatch(/^6 objects outside would stay/);
      // Beside, none of it matters.
      expect(await surveyOf(target, stored)).toMatchObject({ dependents: [], problems: [] });
    },
  );
});
