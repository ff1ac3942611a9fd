import type { Postgres } from '../../../support/postgres.ts';

/**
 * A database of many like schemas, with every kind of object that a catalog query asks for, so that a query that reads what others have
 * is seen by the rows it reads.
 */
export const schemaName = (number: number): string => `tenant_${number}`;

const SHARED = `
  CREATE SCHEMA shared;
  CREATE TYPE shared.tone AS ENUM ('low', 'high');
  CREATE FUNCTION shared.same(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 = $2;
  CREATE OPERATOR shared.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = shared.same);
  CREATE FUNCTION shared.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TABLE shared.countries (code text PRIMARY KEY);
  GRANT USAGE ON SCHEMA shared TO PUBLIC; GRANT SELECT, REFERENCES ON shared.countries TO PUBLIC;
  CREATE PUBLICATION changes;
  CREATE PUBLICATION whole;`;

const tenant = (s: string): string => `
  CREATE ROLE owner_${s};
  CREATE SCHEMA ${s} AUTHORIZATION owner_${s};
  CREATE TYPE ${s}.mood AS ENUM ('sad', 'ok');
  CREATE TYPE ${s}.pair AS (a int, b text);
  CREATE TYPE ${s}.span AS RANGE (subtype = int);
  CREATE FUNCTION ${s}.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
  CREATE FUNCTION ${s}.reads() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM shared.countries';
  CREATE TABLE ${s}.people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'nobody', mood ${s}.mood, at ${s}.span, due numeric,
    code text REFERENCES shared.countries, tone shared.tone, kind regclass, large oid, n int CHECK (${s}.twice(n) > 0),
    same boolean GENERATED ALWAYS AS (n OPERATOR(shared.===) 1) STORED);
  CREATE TABLE ${s}.letters (id serial PRIMARY KEY, sender bigint REFERENCES ${s}.people, body text);
  CREATE TABLE ${s}.events (id int, mood ${s}.mood, day date) PARTITION BY HASH (mood);
  CREATE TABLE ${s}.events_0 PARTITION OF ${s}.events FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE ${s}.events_1 PARTITION OF ${s}.events FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  CREATE TABLE ${s}.base (a int);
  CREATE TABLE ${s}.heir () INHERITS (${s}.base);
  INSERT INTO ${s}.people (name, n) SELECT 'x', 1 FROM generate_series(1, 3);
  CREATE INDEX ON ${s}.people (lower(name)) WHERE ${s}.twice(n) > 1;
  CREATE STATISTICS ${s}.both ON name, mood FROM ${s}.people;
  CREATE VIEW ${s}.names AS SELECT id, name FROM ${s}.people WHERE n OPERATOR(shared.===) 1;
  CREATE MATERIALIZED VIEW ${s}.counts AS SELECT name, count(*) FROM ${s}.people GROUP BY 1;
  CREATE RULE nothing AS ON DELETE TO ${s}.names DO INSTEAD NOTHING;
  CREATE TRIGGER touched BEFORE UPDATE ON ${s}.people FOR EACH ROW EXECUTE FUNCTION shared.touch();
  ALTER TABLE ${s}.people ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON ${s}.people TO owner_${s} USING (name = current_user);
  GRANT SELECT ON ${s}.people TO owner_${s};
  GRANT UPDATE (name) ON ${s}.people TO owner_${s};
  ALTER DEFAULT PRIVILEGES IN SCHEMA ${s} GRANT SELECT ON TABLES TO owner_${s};
  CREATE CAST (${s}.pair AS text) WITH INOUT;
  CREATE COLLATION ${s}.words FROM "C";
  CREATE TEXT SEARCH CONFIGURATION ${s}.search (COPY = pg_catalog.simple);
  CREATE OPERATOR FAMILY ${s}.family USING btree;
  CREATE OPERATOR ${s}.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = shared.same);
  COMMENT ON TABLE ${s}.people IS 'who writes letters';
  ALTER PUBLICATION changes ADD TABLE ${s}.letters;
  ${'ALTER PUBLICATION whole ADD TABLES IN SCHEMA'} ${s};`;

/** What one schema alone has: nearly all constraints are then alike in what says whose domain's they are, and so in the statistics. */
export const RARE = schemaName(7);
const ALONE = `
  CREATE DOMAIN ${RARE}.amount AS numeric CHECK (VALUE >= ${RARE}.twice(0));
  ALTER TABLE ${RARE}.people ALTER due TYPE ${RARE}.amount;`;

/** Catalogs with a row or two a schema are so small among so few of these that the planner does well to read them as a whole. */
const EMPTY = 600;
const MORE = `DO $$ BEGIN
  FOR n IN 1..${EMPTY} LOOP
    EXECUTE format('CREATE SCHEMA empty_%s', n);
    EXECUTE format('CREATE ROLE nobody_%s', n);
  END LOOP;
END $$`;

/** @returns the database's name */
export const databaseOfMany = async (postgres: Postgres, schemas: number): Promise<string> => {
  const database = await postgres.database();
  const client = await postgres.session(database);
  try {
    await client.query(SHARED);
    for (let number = 1; number <= schemas; number += 1)
      await client.query(tenant(schemaName(number)));
    await client.query(ALONE);
    await client.query(MORE);
    // As autovacuum leaves them.
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
  return database;
};
