import { describe, expect, it } from 'vitest';
import type { Postgres } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import { newDatabase, restore, sealed, serverOf, takeBackup } from '../support/restoring.ts';
import { ATTACKING_TENANT } from '../support/tenant-attack.ts';

/**
 * A tenant's code that no statement seems to evaluate: a partition key when the partitions are opened, a composite type's literal when a text is
 * parsed, an SQL function's body when it is replaced. Code that runs with others' rights writes into another tenant's table, which ends the
 * restore before its COMMIT, and leaves its row there after it.
 */
const TYPES = `
  CREATE DOMAIN acme.d AS text CHECK (acme.hits('domain of ' || VALUE)); CREATE TYPE acme.pair AS (a int, b acme.d);`;
const FIRE = `
  CREATE FUNCTION acme.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`;

/** `satisfies_hash_partition` opens the table of an oid. */
const OPENING = `
  CREATE TABLE acme_more.hashed (v text) PARTITION BY HASH ((v || acme.number('opened')::text));
  DO $$ DECLARE opens text := format('satisfies_hash_partition(%s::oid, 1, 0, ''x''::text)', 'acme_more.hashed'::regclass::oid); BEGIN
    EXECUTE format('CREATE TABLE acme.made (v text, g int GENERATED ALWAYS AS (length(v) + %s::int) STORED)', opens);
    EXECUTE format('CREATE TABLE acme.divided (v text) PARTITION BY LIST ((length(v) + %s::int))', opens);
  END $$`;

const PARSED = `${TYPES} ${FIRE}
  CREATE TABLE acme.fires (v text) PARTITION BY LIST ((length(v) + acme.number('trigger')));
  CREATE TRIGGER fire AFTER INSERT ON acme.fires FOR EACH ROW EXECUTE FUNCTION acme.fire(); ALTER TABLE acme.fires DISABLE TRIGGER fire;
  CREATE TABLE acme.t (v text); CREATE INDEX i ON acme.t (v) WHERE '(1,index)'::acme.pair IS NOT NULL`;

/** Checks that are dropped and added again, and one that the rows violate. */
const LOOSE = `${TYPES}
  CREATE TABLE acme.loosened (v text CONSTRAINT loose CHECK ('(1,loose)'::acme.pair IS NOT NULL));
  CREATE TABLE acme.late (v text); INSERT INTO acme.late VALUES ('a');
  CREATE FUNCTION acme.no(t acme.late) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN session_user <> ''larder_restore''; END';
  ALTER TABLE acme.late ADD CONSTRAINT late CHECK (acme.no(late) AND '(1,late)'::acme.pair IS NOT NULL)`;

const KEY = `
  CREATE TABLE acme_more.countries (id int PRIMARY KEY);
  CREATE TABLE acme.out (v text, c int REFERENCES acme_more.countries) PARTITION BY LIST ((length(v) + acme.number('key outside')));
  CREATE TABLE acme.out_1 PARTITION OF acme.out FOR VALUES IN (1) PARTITION BY LIST ((length(v) + acme.number('key below')))`;

const DEPENDENTS = `${FIRE}
  CREATE TABLE acme.referred (id text PRIMARY KEY); CREATE SEQUENCE acme.s;
  CREATE TABLE acme_more.fires (v text) PARTITION BY LIST ((length(v) + acme_more.number('trigger again')));
  CREATE TRIGGER fire AFTER INSERT ON acme_more.fires FOR EACH ROW EXECUTE FUNCTION acme.fire();
  CREATE TABLE acme_more.keyed (v text, r text REFERENCES acme.referred) PARTITION BY LIST ((length(v) + acme_more.number('key again')));
  CREATE DOMAIN acme_more.d AS text CHECK (acme_more.number('function body') = 1); CREATE TYPE acme_more.pair AS (a int, b acme_more.d);
  CREATE FUNCTION acme_more.g(a bigint DEFAULT nextval('acme.s')) RETURNS boolean LANGUAGE sql AS $$ SELECT '(1,x)'::acme_more.pair IS NOT NULL $$;
  CREATE VIEW acme_more.v AS SELECT id FROM acme.referred`;
/** So that the tables are not dependents themselves. */
const OF_ITS_OWN = `
  CREATE FUNCTION acme_more.number(place text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN acme.attack(place)::int; END';`;

const serverOfMajor = serversOf(15, 18);
const options = { lockTimeoutMs: 2000, signal: new AbortController().signal };

const made = async (postgres: Postgres, setup: string) => {
  const database = await newDatabase(postgres, `${ATTACKING_TENANT} ${setup}; RESET ROLE`);
  await postgres.sql('GRANT t_acme, t_beta TO larder_restore', database);
  const stored = await takeBackup(postgres, database, ['acme'], { user: 'postgres' });
  return { target: { postgres, database }, stored };
};
const secretsOf = async ({ postgres, database }: { postgres: Postgres; database: string }) =>
  (await postgres.sql('SELECT s FROM beta.secrets', database)).rows;

describe.each([15, 18])(
  "on PostgreSQL %i a tenant's code gets the rights of no other role",
  (major) => {
    it.each([
      ['where a built-in function opens a table', OPENING],
      ['where triggers and indexes are made', PARSED],
    ])('%s', async (_, setup) => {
      const { target, stored } = await made(serverOfMajor(major), setup);
      const { leftOut, warnings } = await restore(target, stored);
      expect([leftOut, warnings]).toEqual([[], []]);
    });

    it('when checks are made NOT VALID', async () => {
      const { target, stored } = await made(serverOfMajor(major), LOOSE);
      const wishes = { onConflict: 'report', loosen: 'checks' } as const;
      const { unfinished } = await restore(target, stored, wishes);
      expect(unfinished.map(({ object, state }) => [object, state])).toEqual([
        [expect.stringContaining('late'), 'not-valid'],
      ]);
    });

    it('when keys to tables outside are added after the commit', async () => {
      const { target, stored } = await made(serverOfMajor(major), KEY);
      const { foreignKeys } = await restore(target, stored);
      const keys = await serverOf(target).addForeignKeys(foreignKeys, options);
      expect(keys).toMatchObject([{ name: 'out_c_fkey', state: 'valid' }]);
      expect(await secretsOf(target)).toEqual([{ s: 'secret' }]);
    });

    it('when objects elsewhere are redirected to the restored schema', async () => {
      const { target, stored } = await made(serverOfMajor(major), OF_ITS_OWN + DEPENDENTS);
      await restore(target, stored);
      const places = [
        { from: 'acme', to: 'acme_before' },
        { from: 'acme_restored', to: 'acme' },
      ];
      const repoint = { acceptOthers: true };
      const { dependents } = await serverOf(target).rename(sealed(), places, {
        ...options,
        repoint,
      });
      const done = dependents.filter((one) => one.repoint === 'done').map(({ kind }) => kind);
      expect(done.sort()).toEqual(
        major < 18
          ? ['function', 'trigger', 'view']
          : ['foreign key', 'function', 'trigger', 'view'],
      );
      expect(await secretsOf(target)).toEqual([{ s: 'secret' }]);
    });
  },
);
