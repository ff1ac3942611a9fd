import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDefinitions } from '../../../../adapters/postgres/catalog/definitions/definitions.ts';
import { clientPrograms, PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { restoreFile, runFile } from '../../../support/restore.ts';
import { openedOn } from '../../../support/servers.ts';
import { CHANGES } from './definition-changes.ts';

const fixture = (name: string): string => path.join(import.meta.dirname, '../../../fixtures', name);

/** Expressions as frameworks write them, some of which a server prints differently after a dump and restore. */
const COMMON = `
CREATE SCHEMA common;
SET search_path = common;
CREATE TABLE a (
  id serial PRIMARY KEY,
  s varchar(10) DEFAULT 'a'::varchar CHECK (s IN ('a', 'b')),
  at timestamptz DEFAULT (now() AT TIME ZONE 'utc'),
  n numeric(10, 2) DEFAULT 0 CHECK (n BETWEEN 0 AND 10),
  i smallint DEFAULT -1 CHECK (i = ANY ('{1,2}') OR i IN (-1, 7)),
  c char(3) CHECK (c NOT IN ('x', 'y')),
  d date DEFAULT CURRENT_DATE CHECK (d > '2020-01-01'),
  e text CHECK (e ~* '^[a-z]+$' AND length(e) > 3 OR e LIKE 'x%'),
  v interval DEFAULT '1 day', u uuid DEFAULT gen_random_uuid(), r text[] DEFAULT '{}', j jsonb DEFAULT '{}',
  k varchar[] CHECK (k <@ ARRAY['q', 'w']::varchar[])
);
CREATE VIEW seen AS
  SELECT a.id, b.s, CASE a.s WHEN 'a' THEN 1 ELSE 2 END AS x, a.n::int, row_number() OVER (PARTITION BY a.s ORDER BY a.id DESC) AS r
  FROM a JOIN a b USING (id, s) LEFT JOIN LATERAL (SELECT max(n) FROM a WHERE id IN (1, 2)) m ON true
  WHERE a.s IN ('a', 'b') AND a.d BETWEEN '2020-01-01' AND now() AND EXTRACT(year FROM a.at) > 2000
  GROUP BY a.id, b.s, a.s, a.n HAVING count(*) > 1 ORDER BY 1 LIMIT 5;
CREATE VIEW bare AS SELECT q.* FROM (SELECT e AS b, 1 AS n FROM a UNION ALL SELECT NULL, -1 UNION ALL SELECT 'x', 2.5) q WHERE EXISTS (SELECT NULL FROM a);
CREATE VIEW bare_inside AS WITH w AS (SELECT e FROM a UNION SELECT NULL) SELECT e, ARRAY(SELECT NULL) AS none, (SELECT (SELECT 'y')) AS y, NULL FROM w NATURAL JOIN (SELECT 1 AS one) o WHERE e IN (SELECT e FROM w UNION ALL SELECT NULL);
CREATE INDEX some_of_a ON a (lower(s)) WHERE s IN ('a', 'b') AND n > 0;
CREATE UNIQUE INDEX once ON a (COALESCE(s, ''), (n + 1));
ALTER TABLE a RENAME COLUMN u TO uu;
ALTER TABLE a ADD COLUMN late text;
CREATE POLICY by_setting ON a USING (s = ANY (string_to_array(current_setting('x.y', true), ',')::varchar[]));
CREATE FUNCTION twice(n int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON a FOR EACH ROW WHEN (OLD.s IS DISTINCT FROM NEW.s AND NEW.s IN ('a', 'b')) EXECUTE FUNCTION touch();
CREATE TABLE parted (at timestamptz, k text) PARTITION BY RANGE (at);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE child (a_id int CONSTRAINT of_a REFERENCES a ON DELETE CASCADE);
CREATE SEQUENCE counter;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE granted (a int, b int);
GRANT SELECT, INSERT ON granted TO stranger; GRANT UPDATE (a, b) ON granted TO stranger; REVOKE ALL ON granted FROM postgres;
GRANT USAGE ON SCHEMA common TO stranger;
CREATE FUNCTION closed() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION closed() FROM PUBLIC;
CREATE SEQUENCE lent; GRANT USAGE ON lent TO stranger WITH GRANT OPTION; SET ROLE stranger; GRANT USAGE ON lent TO pg_monitor; RESET ROLE;
ALTER DEFAULT PRIVILEGES IN SCHEMA common GRANT SELECT ON TABLES TO stranger;
CREATE TABLE later (id int); ALTER TABLE later OWNER TO stranger;
`;
const SCHEMAS = ['common', 'formed', 'exo', 'Awk.ward "schema" *é'];
const MAJORS = [15, 17, 18];
/** Those that a major version knows. */
const expressions = (major: number): readonly string[] =>
  [
    'expressions.sql',
    'expressions-more.sql',
    'rare.sql',
    'expressions-17.sql',
    'expressions-18.sql',
  ]
    .filter((name) => major >= Number(/\d+/.exec(name) ?? 0))
    .map((name) => path.join(import.meta.dirname, name));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync('/var/tmp/larder-definitions-');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Definitions = ReadonlyMap<string, string>;

const definitionsBy = async (client: pg.Client): Promise<Definitions> => {
  const { rows } = await client.query<{ oid: string }>(
    'SELECT oid::text FROM pg_namespace WHERE nspname = ANY ($1)',
    [SCHEMAS],
  );
  const found = await readDefinitions(
    client,
    rows.map(({ oid }) => oid),
  );
  return new Map(
    found.map(({ kind, name, digest, access }) => [`${kind} ${name}`, `${digest} ${access}`]),
  );
};

/** By the older rule, which treated fewer forms as equal: whatever each was in the source. */
const oldDigestsIn = async (postgres: Postgres, database: string) => {
  const client = await postgres.session(database);
  try {
    await client.query("SET search_path = ''");
    const { rows } = await client.query<{ oid: string }>(
      'SELECT oid::text FROM pg_namespace WHERE nspname = ANY ($1)',
      [SCHEMAS],
    );
    const oids = rows.map(({ oid }) => oid);
    return (await readDefinitions(client, oids, '2:')).map(
      ({ kind, name, digest, otherDigest }) => ({
        key: `${kind} ${name}`,
        digest,
        all: [digest, otherDigest],
      }),
    );
  } finally {
    await client.end();
  }
};

const definitionsIn = async (postgres: Postgres, database: string): Promise<Definitions> => {
  const client = await postgres.session(database);
  try {
    await client.query("SET search_path = ''");
    return await definitionsBy(client);
  } finally {
    await client.end();
  }
};

const differing = (before: Definitions, after: Definitions): string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .sort();

const dump = async (postgres: Postgres, database: string): Promise<string> => {
  const file = path.join(folder, `${postgres.major}.dump`);
  const programs = (await clientPrograms()).clients.find(({ major }) => major === postgres.major);
  const schemas = SCHEMAS.map((schema) => `--schema="${schema.replaceAll('"', '""')}"`);
  const login = ['-h', '127.0.0.1', '-p', String(postgres.port), '-U', 'postgres', '-d', database];
  const flags = ['-Fc', ...schemas, '--extension=hstore', '-f', file];
  await promisify(execFile)(programs?.pgDump ?? '', [...login, ...flags], {
    env: { PGPASSWORD: PASSWORD },
  });
  return file;
};

const on = openedOn(MAJORS, async (postgres) => {
  const source = await postgres.database();
  await runFile(postgres, source, fixture('awkward-outside.sql'));
  await runFile(postgres, source, fixture('awkward.sql'));
  await postgres.sql('CREATE ROLE stranger', source);
  await postgres.sql(COMMON, source);
  for (const file of expressions(postgres.major)) await runFile(postgres, source, file);
  // An index that a failed CREATE INDEX CONCURRENTLY leaves: pg_dump does not include it.
  await postgres.sql('INSERT INTO common.child VALUES (NULL), (NULL)', source);
  const broken = 'CREATE UNIQUE INDEX CONCURRENTLY broken ON common.child ((a_id IS NULL))';
  await postgres.sql(broken, source).catch(() => undefined);
  return { postgres, source, before: await definitionsIn(postgres, source) };
});

describe('definitions', () => {
  it.each(MAJORS)('on PostgreSQL %i are the same after a dump and restore', async (major) => {
    const { postgres, source, before } = on(major);
    const file = await dump(postgres, source);
    const copy = await postgres.database();
    await runFile(postgres, copy, fixture('awkward-outside.sql'));
    await restoreFile(postgres, copy, file);
    expect(before.size).toBeGreaterThan(410);
    expect(differing(before, await definitionsIn(postgres, copy))).toEqual([]);
    const after = new Map((await oldDigestsIn(postgres, copy)).map((one) => [one.key, one.all]));
    const lost = (await oldDigestsIn(postgres, source)).filter(
      ({ key, digest }) => !after.get(key)?.includes(digest),
    );
    expect(lost.map(({ key }) => key)).toEqual([]);
  });

  it.each(CHANGES)('differ after %s', async (change, expected) => {
    const { postgres, source, before } = on(18);
    const client = await postgres.session(source);
    try {
      await client.query("BEGIN; SET search_path = ''");
      if (change.includes(' TYPE timestamp')) await client.query('DROP VIEW common.seen');
      await client.query(change);
      const after = await definitionsBy(client);
      // PostgreSQL 18 has a constraint for each NOT NULL.
      const names = differing(before, after).filter((name) => !/not_null/.test(name));
      expect(names).toEqual(expected.filter((name) => name !== 'constraint'));
    } finally {
      await client.query('ROLLBACK');
      await client.end();
    }
  });
});
