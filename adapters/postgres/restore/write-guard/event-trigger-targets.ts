import type pg from 'pg';

/**
 * Event triggers belong to the administrator: a trigger that logs each CREATE TABLE writes to its log during a restore as well. The text of
 * such functions, and of the functions that they name, shows which relations they may write to; for an extension, all its relations count.
 */
const TARGETS = `
  WITH RECURSIVE called AS (
    SELECT p.oid, p.prosrc FROM pg_catalog.pg_event_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.evtfoid WHERE t.evtenabled <> 'D'
    UNION
    SELECT p.oid, p.prosrc
    FROM called c
    JOIN pg_catalog.pg_proc p ON c.prosrc ~ ('\\m' || pg_catalog.regexp_replace(p.proname, '(\\W)', '\\\\\\1', 'g') || '\\M')
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname <> ALL ('{pg_catalog,information_schema}') AND n.nspname <> ALL ($2) AND p.prosrc <> ''
  ), extensions AS (
    SELECT d.refobjid FROM called c JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  )
  SELECT r.oid::text AS oid
  FROM pg_catalog.pg_class r
  WHERE r.oid = ANY ($1::oid[]) AND (
    EXISTS (SELECT FROM called c WHERE c.prosrc ~ ('\\m' || pg_catalog.regexp_replace(r.relname, '(\\W)', '\\\\\\1', 'g') || '\\M'))
    OR EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = r.oid AND d.deptype = 'e'
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid IN (SELECT refobjid FROM extensions)
    )
    -- The sequence of a column of a table that is written to.
    OR EXISTS (
      SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND d.refobjsubid > 0, called c
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
        AND c.prosrc ~ ('\\m' || pg_catalog.regexp_replace(t.relname, '(\\W)', '\\\\\\1', 'g') || '\\M')
    )
  )`;

/**
 * @param relations that were written to
 * @param schemas the backup's: their functions are the tenant's own code
 * @returns OIDs of those that an event trigger may have written to
 */
export const readEventTriggerTargets = async (
  observer: pg.Client,
  relations: readonly { readonly oid: string }[],
  schemas: readonly string[],
): Promise<readonly string[]> => {
  const oids = [...new Set(relations.map(({ oid }) => oid))];
  const found = await observer.query<{ oid: string }>(TARGETS, [oids, schemas]);
  return found.rows.map(({ oid }) => oid);
};
