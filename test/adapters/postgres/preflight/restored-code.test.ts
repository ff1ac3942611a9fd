import { beforeAll, describe, expect, it } from 'vitest';
import { readOwnCode } from '../../../../adapters/postgres/archive/own-code.ts';
import type { PreflightRequest } from '../../../../core/restore-ports.ts';
import type { Postgres } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import { newDatabase, placesOf, type Stored, surveyOf, takeBackup } from '../support/restoring.ts';

/** Code of a backup that runs during a restore is reported before anything is written. */
const SETUP = `RESET ROLE;
  DO $$ BEGIN CREATE ROLE t_acme; CREATE ROLE t_beta; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  CREATE SCHEMA acme AUTHORIZATION t_acme; CREATE SCHEMA beta AUTHORIZATION t_beta;
  SET ROLE t_acme; SET search_path = acme;
  CREATE FUNCTION "is It"(v text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
  CREATE FUNCTION part(v text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
  CREATE FUNCTION same(a text, b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
  CREATE OPERATOR === (FUNCTION = same, LEFTARG = text, RIGHTARG = text);
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE DOMAIN d AS text CHECK ("is It"(VALUE));
  CREATE TABLE checked (v text CHECK ("is It"(v)));
  CREATE TABLE compared (v text, CHECK (v OPERATOR(acme.===) 'a'));
  CREATE TABLE generated (v text, g int GENERATED ALWAYS AS (part(v)) STORED);
  CREATE TABLE split (v text) PARTITION BY LIST (part(v));
  CREATE TABLE split_1 PARTITION OF split FOR VALUES IN (1);
  CREATE TABLE late (v text); ALTER TABLE late ADD CONSTRAINT is_it CHECK ("is It"(v)) NOT VALID;
  CREATE TABLE indexed (v text); CREATE INDEX by_part ON indexed (part(v));
  CREATE MATERIALIZED VIEW filled AS SELECT part(v) FROM indexed;
  CREATE TABLE harmless (v int DEFAULT part('a')); CREATE TABLE plain (w int CHECK (w > 0));
  CREATE TRIGGER stamping BEFORE INSERT ON harmless FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE VIEW seen AS SELECT part(v) FROM indexed; RESET search_path; RESET ROLE`;

const serverOfMajor = serversOf(15, 18);

const databaseOn = async (on: Postgres): Promise<string> => {
  const database = await newDatabase(on, SETUP);
  await on.sql('GRANT t_acme, t_beta TO larder_restore', database);
  return database;
};

/** The code of a stored archive that runs during its restore. */
const codeIn = async ({ manifest, bytes }: Stored) => {
  const { format } = manifest.options;
  if (format === 'plain') throw new Error('a plain backup does not tell');
  return await readOwnCode({
    format,
    read: async (from, length) => bytes.subarray(from, from + length),
  });
};

describe.each([15, 18])('on PostgreSQL %i', (major) => {
  it.each(['custom', 'tar'] as const)('%s shows what runs during its restore', async (format) => {
    const on = serverOfMajor(major);
    const stored = await takeBackup(on, await databaseOn(on), ['acme'], { format });
    const found = await codeIn(stored);
    const told = found.map(({ what, functions, restricted }) => [
      what,
      functions.join(),
      restricted,
    ]);
    expect(told.sort()).toEqual([
      ['constraint "acme.late is_it"', 'acme.is It(text)', false],
      ['domain "acme.d"', 'acme.is It(text)', false],
      ['index "acme.by_part"', 'acme.part(text)', true],
      ['materialized view "acme.filled"', 'acme.part(text)', true],
      ['table "acme.checked"', 'acme.is It(text)', false],
      ['table "acme.compared"', 'acme.same(text, text)', false],
      ['table "acme.generated"', 'acme.part(text)', false],
      ['table "acme.split"', 'acme.part(text)', false],
    ]);
  });
});

/** The check that the schema adds to rows does not hold for all of them. */
const NOT_VALID =
  'Constraints that were never validated (NOT VALID) are restored as such, and rows may violate them: "is_it on acme.late".';

describe('a preflight', () => {
  let postgres: Postgres;
  let database: string;
  let stored: Stored;
  let ownCode: NonNullable<PreflightRequest['ownCode']>;
  beforeAll(async () => {
    postgres = serverOfMajor(18);
    database = await databaseOn(postgres);
    stored = await takeBackup(postgres, database, ['acme']);
    ownCode = await codeIn(stored);
  });
  const look = (more: Partial<PreflightRequest>, user?: string) =>
    surveyOf({ postgres, database, ...(user && { user }) }, stored, { ownCode, ...more });

  it('reports nothing for code that is restricted to its owner', async () => {
    expect(await look({})).toMatchObject({ problems: [], warnings: [NOT_VALID] });
    await postgres.sql('REVOKE t_beta FROM larder_restore');
    expect((await look({ owners: 'drop' })).problems).toEqual([]);
    await postgres.sql('GRANT t_beta TO larder_restore');
  });

  it('has a problem with code of objects that the restore role or a superuser owns', async () => {
    const own = ownCode.map((one) => ({ ...one, owner: 'larder_restore' }));
    const { problems } = await look({ ownCode: own });
    expect(problems).toEqual([
      expect.stringMatching(
        /restore role or a superuser owns runs as "larder_restore".*"acme.checked" calls/,
      ),
    ]);
    const supers = ownCode.map((one) => ({ ...one, owner: 'postgres' }));
    expect((await look({ ownCode: supers }, 'postgres')).problems.join()).toContain(
      '"postgres", a superuser',
    );
    expect((await look({ ownCode: own, acceptOwnCode: true })).problems).toEqual([]);
  });

  it('knows built-ins that do more than compute, in checks and domains', async () => {
    const other = await newDatabase(
      postgres,
      `RESET ROLE; CREATE SCHEMA acme AUTHORIZATION t_acme; CREATE SCHEMA beta AUTHORIZATION t_beta; SET ROLE t_acme;
       CREATE TABLE acme.t (v text CHECK (set_config('role', v, true) <> '' AND length(v) > 1), n numeric(10,2) CHECK (n::numeric(4,1) > 0));
       CREATE DOMAIN acme.x AS text CHECK (query_to_xml(VALUE, true, true, '') IS NOT NULL); CREATE TABLE acme.fine (v text, w int DEFAULT random(),
         d timestamptz CHECK (d <= now()), g tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, v)) STORED)`,
    );
    const harmful = await takeBackup(postgres, other, ['acme'], { user: 'postgres' });
    const found = await surveyOf({ postgres, database: other }, harmful, {
      ownCode: await codeIn(harmful),
      owners: 'drop',
    });
    expect(found.problems).toEqual([
      expect.stringMatching(
        /(?=.*table "acme.t" calls "set_config"[,.])(?=.*domain "acme.x" calls "query_to_xml")/,
      ),
    ]);
    expect(found.problems.join()).not.toContain('acme.fine');
  });

  it('has a problem with them if owners are dropped, unless they were accepted', async () => {
    const { problems } = await look({ owners: 'drop' });
    expect(problems).toEqual([
      expect.stringMatching(
        /^With owners "drop" the backup's own functions run as "larder_restore".*"t_beta"\..*acceptOwnCode.*: .*table "acme.checked" calls "acme\.is It\(text\)"/,
      ),
    ]);
    const asked = await look({ owners: 'drop', acceptOwnCode: true });
    expect(asked.problems).toEqual([]);
    const [own, ...others] = asked.warnings.filter((warning) => warning !== NOT_VALID);
    expect(others).toHaveLength(8);
    expect(own).toContain('as requested');
    expect(asked.warnings.join()).toContain('materialized view "acme.filled" calls');
    // A plain backup does not show it.
    const unknown = await surveyOf({ postgres, database }, stored, { owners: 'drop' });
    expect(unknown.problems).toEqual([expect.stringContaining('does not list them')]);
    expect((await look({ owners: 'drop', ownCode: [] })).problems).toEqual([]);
  });

  it('distinguishes the owner of a schema with the same name elsewhere', async () => {
    await postgres.sql('REVOKE t_beta FROM larder_restore');
    const there = { mode: 'elsewhere', places: placesOf(stored) } as const;
    expect((await look({ ...there, owners: 'drop' })).problems.join()).toContain('"t_acme"');
    expect((await look(there)).warnings).toEqual([NOT_VALID]);
    await postgres.sql('GRANT t_beta TO larder_restore');
  });
});
