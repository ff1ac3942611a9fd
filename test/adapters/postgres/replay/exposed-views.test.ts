import { describe, expect, it } from 'vitest';
import { ownCodeOf } from '../../../../adapters/postgres/archive/own-code.ts';
import { readTableOfContents } from '../../../../adapters/postgres/archive/table-of-contents.ts';
import { serversOf } from '../../../support/servers.ts';
import { newDatabase, restore, surveyOf, takeBackup } from '../support/restoring.ts';

/**
 * Materialized views under `owners: drop`: PostgreSQL fills them with the rights of the restore role, which is a member of other tenants'
 * owners. Their queries name other tenants' objects in text only, so that no backup lists them.
 */
const on = serversOf(15, 18);

const SCENE = `
  RESET ROLE; CREATE SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC; CREATE EXTENSION tablefunc SCHEMA ext; CREATE EXTENSION pg_trgm SCHEMA ext; DO $$ BEGIN CREATE ROLE beta_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  CREATE SCHEMA beta AUTHORIZATION beta_owner; SET ROLE beta_owner; CREATE TABLE beta.secret (v text); INSERT INTO beta.secret VALUES ('s3cret'); CREATE SEQUENCE beta.s;
  RESET ROLE; GRANT USAGE ON SCHEMA beta TO app_owner; GRANT SELECT ON beta.secret TO app_owner; GRANT ALL ON SEQUENCE beta.s TO app_owner; SET ROLE app_owner;
  CREATE SCHEMA acme; CREATE TABLE acme.t (id int, v text); INSERT INTO acme.t VALUES (1, 'a');
  CREATE FUNCTION acme.state(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE AGGREGATE acme.total(int) (SFUNC = acme.state, STYPE = int);
  CREATE VIEW acme.v AS SELECT query_to_xml('SELECT * FROM beta.secret', true, true, '') AS x;`;

const VIEWS = {
  "SELECT query_to_xml('SELECT * FROM beta.secret', true, true, '') AS x": 'query_to_xml',
  "SELECT * FROM ext.crosstab('SELECT 1::text, 1::text, v FROM beta.secret') AS c (a text, x text)":
    'ext.crosstab',
  "SELECT table_to_xml('beta.secret'::text::regclass, true, true, '') AS x": 'table_to_xml',
  'SELECT x FROM acme.v': 'query_to_xml',
  "SELECT nextval('beta.s'::text::regclass) AS x": 'nextval',
  'SELECT acme.total(id) AS x FROM acme.t': 'acme.total',
};

const HARMLESS = `
  CREATE MATERIALIZED VIEW acme.m AS SELECT count(*) AS n, jsonb_agg(t) AS j, string_agg(t.v, ',' ORDER BY t.v) AS v, max(now()) AS at, random() AS r,
    max(ext.similarity(t.v, 'a')) AS s, bool_or(t.v OPERATOR(ext.%) 'a') AS l, rank() OVER (ORDER BY max(t.id)) AS k, to_json(max(t.id)) AS one FROM acme.t t`;

const madeWith = async (major: number, view: string) => {
  const postgres = on(major);
  const database = await newDatabase(postgres, `${SCENE} ${view}`);
  await postgres.sql(
    'GRANT beta_owner TO larder_restore; REVOKE USAGE ON SCHEMA beta FROM app_owner',
    database,
  );
  return { target: { postgres, database }, stored: await takeBackup(postgres, database, ['acme']) };
};

const codeIn = async ({ bytes }: Awaited<ReturnType<typeof takeBackup>>) =>
  ownCodeOf(await readTableOfContents(async (from, length) => bytes.subarray(from, from + length)));

describe.each([15, 18])('PostgreSQL %i', (major) => {
  it('materialized views do not read others by text: each is refused, in the dry run too', async () => {
    const views = Object.keys(VIEWS).map(
      (query, i) => `CREATE MATERIALIZED VIEW acme.m${i} AS ${query};`,
    );
    for (const [i, name] of Object.values(VIEWS).entries()) {
      if (major === 15 && i > 1) break;
      const { target, stored } = await madeWith(major, views[i] ?? '');
      const wished = { owners: 'drop', onConflict: 'report' } as const;
      await expect(restore(target, stored, wished)).rejects.toThrow(
        new RegExp(`materialized view "acme\\.m${i}" calls ".*${name}\\(`),
      );
      const { problems } = await surveyOf(target, stored, {
        owners: 'drop',
        ownCode: await codeIn(stored),
      });
      // A dry run reads no views within views, and names an aggregate's function.
      if (i !== 3)
        expect(problems.join()).toMatch(
          new RegExp(`acme\\.m${i}.*${name.replace('total', 'state')}`),
        );
    }
  });

  it('those that only compute are filled', async () => {
    const { target, stored } = await madeWith(major, HARMLESS);
    const ownCode = await codeIn(stored);
    const { problems } = await surveyOf(target, stored, { owners: 'drop', ownCode });
    expect(problems).toEqual([]);
    const { unfinished, warnings } = await restore(target, stored, { owners: 'drop' });
    expect({ unfinished, warnings }).toEqual({ unfinished: [], warnings: [] });
  });
});
