import type pg from 'pg';

/**
 * Collations of an operating system, such as `"de_DE"` or `"en_US.utf8"`: a backup's columns and indexes may name them, and a server in
 * Lambda has none. For each missing name, ICU's collation of the same language is created under that name, so that objects that name it can
 * be restored; see locale.ts for what may differ then.
 *
 * PostgreSQL lists its ICU collations as `de-DE-x-icu` and `zh-Hans-CN-x-icu`. They are written into the catalog as rows, because 2,000
 * CREATE COLLATION statements take a second.
 */
const STAND_IN = `
  WITH known AS (
    SELECT c, pg_catalog.regexp_match(c.collname, '^([a-z]{2,3})(?:-([A-Z][a-z]{3}))?-([A-Z]{2})-x-icu$') AS part
    FROM pg_catalog.pg_collation c
    WHERE c.collprovider = 'i' AND c.collnamespace = 'pg_catalog'::pg_catalog.regnamespace
  ), languages AS (
    SELECT DISTINCT ON (part[1], part[3]) c, part[1] || '_' || part[3] AS name
    FROM known WHERE part IS NOT NULL
    ORDER BY part[1], part[3], part[2] IS NOT NULL,
      (part[2] = 'Hans') = (part[3] IN ('CN', 'SG')) DESC, part[2]
  ), wanted AS (
    SELECT c, name || suffix AS name FROM languages, (VALUES (''), ('.utf8'), ('.UTF-8')) AS s (suffix)
    UNION ALL
    SELECT c, name FROM pg_catalog.pg_collation c, (VALUES ('C.utf8'), ('C.UTF-8')) AS n (name)
    WHERE c.collname = 'pg_c_utf8'
  )
  INSERT INTO pg_catalog.pg_collation
  SELECT made.*
  FROM wanted, LATERAL pg_catalog.jsonb_populate_record(wanted.c, pg_catalog.jsonb_build_object(
    'oid', pg_catalog.pg_nextoid('pg_catalog.pg_collation', 'oid', 'pg_catalog.pg_collation_oid_index'),
    'collname', wanted.name
  )) AS made
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_collation o WHERE o.collname = wanted.name)`;

/** Needs a superuser. Nothing is added in an encoding that ICU doesn't have. */
export const standInForCollations = async (client: pg.Client): Promise<void> => {
  await client.query(STAND_IN);
};

/** Created after initdb: initdb's own oids are lower. */
const FIRST_NORMAL_OID = 16_384;

const USED = `
  SELECT DISTINCT c.collname AS name
  FROM pg_catalog.pg_collation c
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass AND d.refobjid = c.oid
  WHERE c.oid >= ${FIRST_NORMAL_OID} AND c.collnamespace = 'pg_catalog'::pg_catalog.regnamespace
  ORDER BY 1`;

/** Names of the stand-ins that something in the database depends on, to be reported with the comparison. */
export const readStandInsUsed = async (client: pg.Client): Promise<string[]> => {
  const found = await client.query<{ name: string }>(USED);
  return found.rows.map(({ name }) => name);
};
