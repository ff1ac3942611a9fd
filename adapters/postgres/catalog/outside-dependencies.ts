import type pg from 'pg';
import type { Inventory, Outside } from '../../../core/manifest.ts';
import type { SchemaOids } from './schema-contents.ts';
import {
  compositesIn,
  constraintsIn,
  dependentTypesIn,
  indexesIn,
  membersIn,
} from './schema-members.ts';

/**
 * What a schema's objects need elsewhere, from pg_depend. A dump of one schema leaves all of it out, so it must exist before a restore.
 * Text inside function bodies is not in pg_depend: only a restore shows that. `members` are the schema's objects, each with the object
 * under which a person knows it (a constraint's table, a rule's view).
 */
const OF_ONE_SCHEMA = [
  'pg_class',
  'pg_proc',
  'pg_type',
  'pg_operator',
  'pg_opclass',
  'pg_opfamily',
  'pg_collation',
  'pg_conversion',
  'pg_statistic_ext',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_template',
  'pg_ts_parser',
] as const;

const PARTS_OF_TABLES = [
  ['pg_trigger', 'tgrelid'],
  ['pg_rewrite', 'ev_class'],
  ['pg_attrdef', 'adrelid'],
  ['pg_policy', 'polrelid'],
] as const;

/** pg_dump writes the operators and functions of an access method with the class or the family that pg_depend has for them. */
const WITH_ENTRIES = ['pg_opclass', 'pg_opfamily'] as const;

export const catalog = (name: string): string => `'pg_catalog.${name}'::regclass`;

/** The schema's own objects. An object that an extension created belongs to the extension, even if it is in the schema. */
export const MEMBERS = `
  all_members AS (
    SELECT d.classid::pg_catalog.regclass AS classid, d.objid, d.classid::pg_catalog.regclass AS shownclass, d.objid AS shown
      FROM pg_catalog.pg_depend d WHERE d.refclassid = ${catalog('pg_namespace')} AND d.refobjid = ANY ($1)
        AND d.classid = ANY (ARRAY[${OF_ONE_SCHEMA.map(catalog).join(', ')}]::pg_catalog.oid[])
    UNION ALL SELECT ${catalog('pg_class')}, c.oid, ${catalog('pg_class')}, c.oid FROM (${indexesIn()} UNION ALL ${compositesIn()}) AS c (oid)
    UNION ALL SELECT ${catalog('pg_type')}, t.oid, ${catalog('pg_type')}, t.oid FROM (${dependentTypesIn()}) AS t (oid)
    UNION ALL SELECT ${catalog('pg_constraint')}, k.oid,
        CASE WHEN k.conrelid <> 0 THEN ${catalog('pg_class')} ELSE ${catalog('pg_type')} END,
        CASE WHEN k.conrelid <> 0 THEN k.conrelid ELSE k.contypid END
      FROM pg_catalog.pg_constraint k WHERE k.oid = ANY (ARRAY(${constraintsIn()}))
    ${PARTS_OF_TABLES.map(([name, column]) => `UNION ALL SELECT ${catalog(name)}, p.oid, ${catalog('pg_class')}, p.${column} FROM pg_catalog.${name} p WHERE p.${column} = ANY (ARRAY(${membersIn('pg_class')}))`).join('\n    ')}
    ${WITH_ENTRIES.map((name) => `UNION ALL SELECT d.classid::pg_catalog.regclass, d.objid, ${catalog(name)}, d.refobjid FROM pg_catalog.pg_depend d WHERE d.refclassid = ${catalog(name)} AND d.refobjid = ANY (ARRAY(${membersIn(name)})) AND d.classid IN (${catalog('pg_amop')}, ${catalog('pg_amproc')})`).join('\n    ')}
  ), members AS (
    SELECT m.* FROM all_members m
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend e WHERE e.classid = m.shownclass AND e.objid = m.shown AND e.deptype = 'e'
    )
    -- No members of the extension that their table belongs to are its indexes and, before PostgreSQL 16, its row type. Within brackets, they
    -- are looked up one by one, and not joined.
    AND NOT (m.classid = ${catalog('pg_class')} AND EXISTS (
      SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_depend e
        ON e.classid = ${catalog('pg_class')} AND e.objid = i.indrelid AND e.deptype = 'e'
      WHERE i.indexrelid = m.objid OFFSET 0
    ))
    AND NOT (m.classid = ${catalog('pg_type')} AND EXISTS (
      SELECT FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type o ON o.oid = t.typelem AND t.typcategory = 'A'
      JOIN pg_catalog.pg_depend e
        ON e.classid = ${catalog('pg_class')} AND e.objid = COALESCE(NULLIF(o.typrelid, 0), t.typrelid) AND e.deptype = 'e'
      WHERE t.oid = m.objid OFFSET 0
    ))
  )`;

/** Every database has the objects that initdb creates. FirstNormalObjectId of PostgreSQL's access/transam.h. */
export const FIRST_NORMAL_OID = 16384;

/**
 * A reference is followed to the object that a person would create: an array type to its element's, a row type to its table, a multirange
 * to its range (all 'i' in pg_depend), and an object of an extension to the extension ('e'). A partition's index and constraints depend on
 * those of its parent ('P', 'S'), which create them; so does a foreign key's index.
 */
export const OUTSIDE_ENDS = `
  ${MEMBERS}, needed AS (
    SELECT DISTINCT d.refclassid, d.refobjid, m.shownclass, m.shown
    FROM members m
    -- Joined and NOT EXISTS, each is compared with each where the catalog was not analyzed yet: 9 s for 500 tables, four times that for 1,000.
    CROSS JOIN LATERAL (
      SELECT p.refclassid, p.refobjid FROM pg_catalog.pg_depend p
      WHERE p.classid = m.classid AND p.objid = m.objid
        AND p.refobjid >= ${FIRST_NORMAL_OID} AND p.deptype NOT IN ('e', 'P', 'S')
      OFFSET 0
    ) d
    WHERE (d.refclassid, d.refobjid) NOT IN (SELECT i.classid, i.objid FROM members i)
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_class x
        WHERE d.refclassid = ${catalog('pg_class')} AND x.oid = d.refobjid AND x.relkind IN ('i', 'I')
      )
  ), followed AS (
    SELECT * FROM needed
    UNION SELECT d.refclassid, d.refobjid, f.shownclass, f.shown
    FROM followed f
    JOIN pg_catalog.pg_depend d ON d.classid = f.refclassid AND d.objid = f.refobjid AND d.objsubid = 0 AND d.deptype IN ('i', 'e')
  ), ends AS (
    SELECT * FROM followed f
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = f.refclassid AND d.objid = f.refobjid AND d.objsubid = 0 AND d.deptype IN ('i', 'e')
    )
    UNION ALL
    SELECT ${catalog('pg_tablespace')}, c.reltablespace, ${catalog('pg_class')}, c.oid
    FROM pg_catalog.pg_class c WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')} UNION ALL ${indexesIn()})) AND c.reltablespace <> 0
  )`;

const OUTSIDE = `
  WITH RECURSIVE ${OUTSIDE_ENDS}
  SELECT o.type AS kind, o.identity AS name,
    (pg_catalog.array_agg(DISTINCT s.identity))[1:20] AS "neededBy"
  FROM ends r,
    LATERAL pg_catalog.pg_identify_object(r.refclassid, r.refobjid, 0) o,
    LATERAL pg_catalog.pg_identify_object(r.shownclass, r.shown, 0) s
  WHERE o.identity IS NOT NULL AND s.identity IS NOT NULL
    AND NOT (r.refclassid = ${catalog('pg_namespace')} AND r.refobjid = ANY ($1))
    -- An extension that lives in the schema comes with the dump.
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_extension x
      WHERE r.refclassid = ${catalog('pg_extension')} AND x.oid = r.refobjid AND x.extnamespace = ANY ($1)
    )
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
    WHERE i.inhparent = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'p'
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
