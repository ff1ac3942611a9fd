import type pg from 'pg';
import type { Inventory, Outside } from '../../../core/manifest.ts';
import type { SchemaOids } from './contents.ts';

/**
 * What a schema's objects need elsewhere, from pg_depend. A dump of one schema leaves all of it out, so a restore must
 * find it in place. Text inside function bodies is not in pg_depend: only a restore shows that.
 *
 * `members` are the schema's objects, each with the object a person knows it by (a constraint's table, a rule's view).
 */
const MEMBERS = `
  members AS (
    SELECT 'pg_catalog.pg_class'::regclass AS classid, oid AS objid, 'pg_catalog.pg_class'::regclass AS shownclass, oid AS shown
      FROM pg_catalog.pg_class WHERE relnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, 'pg_catalog.pg_proc'::regclass, oid FROM pg_catalog.pg_proc WHERE pronamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid, 'pg_catalog.pg_type'::regclass, oid FROM pg_catalog.pg_type WHERE typnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_operator'::regclass, oid, 'pg_catalog.pg_operator'::regclass, oid FROM pg_catalog.pg_operator WHERE oprnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_collation'::regclass, oid, 'pg_catalog.pg_collation'::regclass, oid FROM pg_catalog.pg_collation WHERE collnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid, 'pg_catalog.pg_statistic_ext'::regclass, oid FROM pg_catalog.pg_statistic_ext WHERE stxnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_opclass'::regclass, oid, 'pg_catalog.pg_opclass'::regclass, oid FROM pg_catalog.pg_opclass WHERE opcnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_ts_config'::regclass, oid, 'pg_catalog.pg_ts_config'::regclass, oid FROM pg_catalog.pg_ts_config WHERE cfgnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, k.oid,
        CASE WHEN k.conrelid <> 0 THEN 'pg_catalog.pg_class'::regclass ELSE 'pg_catalog.pg_type'::regclass END,
        CASE WHEN k.conrelid <> 0 THEN k.conrelid ELSE k.contypid END
      FROM pg_catalog.pg_constraint k WHERE k.connamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, g.oid, 'pg_catalog.pg_class'::regclass, c.oid
      FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid WHERE c.relnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid, 'pg_catalog.pg_class'::regclass, c.oid
      FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class WHERE c.relnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, d.oid, 'pg_catalog.pg_class'::regclass, c.oid
      FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid WHERE c.relnamespace = ANY ($1)
    UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, p.oid, 'pg_catalog.pg_class'::regclass, c.oid
      FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = ANY ($1)
  )`;

/** Objects made by initdb are in every database. FirstNormalObjectId of PostgreSQL's access/transam.h. */
const FIRST_NORMAL_OID = 16384;

const OUTSIDE = `
  WITH ${MEMBERS}, needed AS (
    SELECT DISTINCT d.refclassid, d.refobjid, m.shownclass, m.shown
    FROM members m
    JOIN pg_catalog.pg_depend d ON d.classid = m.classid AND d.objid = m.objid
    WHERE d.refobjid >= ${FIRST_NORMAL_OID} AND d.deptype <> 'e'
      AND NOT (d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = ANY ($1))
      AND NOT EXISTS (SELECT FROM members i WHERE i.classid = d.refclassid AND i.objid = d.refobjid)
  ), resolved AS (
    SELECT COALESCE(e.refclassid, n.refclassid) AS refclassid, COALESCE(e.refobjid, n.refobjid) AS refobjid, n.shownclass, n.shown
    FROM needed n
    LEFT JOIN pg_catalog.pg_depend e ON e.classid = n.refclassid AND e.objid = n.refobjid AND e.deptype = 'e'
  )
  SELECT o.type AS kind, o.identity AS name,
    (pg_catalog.array_agg(DISTINCT s.identity))[1:20] AS "neededBy"
  FROM resolved r,
    LATERAL pg_catalog.pg_identify_object(r.refclassid, r.refobjid, 0) o,
    LATERAL pg_catalog.pg_identify_object(r.shownclass, r.shown, 0) s
  -- A foreign key's index comes with the table it names.
  WHERE o.type <> 'index' AND o.identity IS NOT NULL AND s.identity IS NOT NULL
  GROUP BY o.type, o.identity
  ORDER BY o.type, o.identity`;

export const readOutside = async (client: pg.Client, schemaOids: SchemaOids): Promise<Outside[]> =>
  (await client.query<Outside>(OUTSIDE, [schemaOids])).rows;

/** Extensions that the schema's objects need, or that live in it, with version and schema. */
const EXTENSIONS = `
  SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE (e.extname = ANY ($2) OR e.extnamespace = ANY ($1)) AND e.oid >= ${FIRST_NORMAL_OID}
  ORDER BY 1`;

export const readExtensions = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  outside: readonly Outside[],
): Promise<Inventory['extensions']> => {
  // pg_identify_object writes names as SQL does, quoted where they must be.
  const needed = outside
    .filter(({ kind }) => kind === 'extension')
    .map(({ name }) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
  return (await client.query(EXTENSIONS, [schemaOids, needed])).rows;
};

/** Partitions, at any depth, of the schema's tables that live in other schemas. */
const PARTITIONS = `
  WITH RECURSIVE tree AS (
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhparent
    WHERE c.relnamespace = ANY ($1) AND c.relkind = 'p'
    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON tree.inhrelid = i.inhparent
  )
  SELECT (pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, c.oid, 0)).identity AS name
  FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.inhrelid
  WHERE c.relnamespace <> ALL ($1) ORDER BY 1`;

export const readPartitionsElsewhere = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<string[]> =>
  (await client.query<{ name: string }>(PARTITIONS, [schemaOids])).rows.map(({ name }) => name);

/** Columns that may refer to large objects, which a dump of one schema never holds. */
const LARGE_OBJECTS = `
  SELECT pg_catalog.format('%I.%I', c.relname, a.attname) AS name
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE c.relnamespace = ANY ($1) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND (t.oid = 'pg_catalog.oid'::regtype OR t.typname = 'lo')
    AND EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
  ORDER BY 1`;

/** Publications that send the schema's tables: a restore does not join them again. */
const PUBLICATIONS = `
  SELECT DISTINCT p.pubname AS name FROM pg_catalog.pg_publication p
  JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
  JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
  WHERE c.relnamespace = ANY ($1) ORDER BY 1`;

export const readLoose = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<{ largeObjectColumns: string[]; publications: string[] }> => {
  const names = async (sql: string) =>
    (await client.query<{ name: string }>(sql, [schemaOids])).rows.map(({ name }) => name);
  return {
    largeObjectColumns: await names(LARGE_OBJECTS),
    publications: await names(PUBLICATIONS),
  };
};
