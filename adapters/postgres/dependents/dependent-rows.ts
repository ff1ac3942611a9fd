import { catalog, MEMBERS } from '../catalog/outside-dependencies.ts';

/** Which query reports an object, by its catalog. `skip`: another object includes it, as a parent's constraint includes a partition's. */
const GROUPS = `CASE
    WHEN h.class = 'pg_rewrite' THEN CASE WHEN (SELECT r.rulename FROM pg_catalog.pg_rewrite r WHERE r.oid = h.oid) = '_RETURN' THEN '{view}' ELSE '{rule}' END
    WHEN h.class = 'pg_attrdef' THEN '{default}'
    WHEN h.class = 'pg_policy' THEN '{policy}'
    WHEN h.class = 'pg_cast' THEN '{cast}'
    WHEN h.class = 'pg_transform' THEN '{transform}'
    WHEN h.class = 'pg_event_trigger' THEN '{event}'
    WHEN h.class = 'pg_publication_rel' THEN '{publication}'
    WHEN h.class = 'pg_trigger' THEN (SELECT CASE WHEN t.tgisinternal OR t.tgparentid <> 0 THEN '{skip}' ELSE '{trigger}' END FROM pg_catalog.pg_trigger t WHERE t.oid = h.oid)
    WHEN h.class = 'pg_proc' THEN (SELECT CASE WHEN p.prokind = 'a' THEN '{other}' ELSE '{function}' END FROM pg_catalog.pg_proc p WHERE p.oid = h.oid)
    WHEN h.class = 'pg_constraint' THEN (SELECT CASE
        WHEN k.contype = 'f' AND k.conparentid = 0 THEN '{key}' WHEN k.contype = 'c' AND k.coninhcount = 0 THEN '{check}'
        WHEN k.contype IN ('f', 'c') THEN '{skip}' ELSE '{other}' END FROM pg_catalog.pg_constraint k WHERE k.oid = h.oid)
    WHEN h.class = 'pg_class' THEN (SELECT CASE
        WHEN c.relkind IN ('v', 'm') THEN '{view}'
        WHEN c.relkind IN ('i', 'I') THEN CASE WHEN c.relispartition THEN '{skip}' ELSE '{index}' END
        WHEN c.relkind IN ('r', 'p', 'f') AND (c.relispartition OR h.parts OR h.typed) THEN '{column,child}'
        ELSE '{other}' END FROM pg_catalog.pg_class c WHERE c.oid = h.oid)
    ELSE '{other}' END::text[]`;

/**
 * Objects of other schemas that depend on objects of some schemas ($1, their OIDs), by catalog. pg_depend does not have publications of
 * whole schemas, subscriptions and tables that are a part of others in this form; they have queries of their own.
 */
export const HANGING = `
  WITH ${MEMBERS}, hanging AS (
    SELECT DISTINCT (SELECT c.relname::text FROM pg_catalog.pg_class c WHERE c.oid = d.classid) AS class, d.objid AS oid
    FROM members m
    JOIN pg_catalog.pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid
    WHERE d.deptype IN ('n', 'a')
      AND NOT EXISTS (SELECT FROM all_members i WHERE i.classid = d.classid AND i.objid = d.objid)
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_class t
        WHERE d.classid = ${catalog('pg_class')} AND t.oid = d.objid AND t.relnamespace = 'pg_toast'::regnamespace
      )
  ), told AS (
    SELECT hanging.*,
      class = 'pg_class' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = hanging.oid AND p.relnamespace = ANY ($1)) AS parts,
      class = 'pg_class' AND EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type y ON y.oid = a.atttypid WHERE a.attrelid = hanging.oid AND a.attnum > 0 AND NOT a.attisdropped AND y.typnamespace = ANY ($1)) AS typed
    FROM hanging
  )
  SELECT h.class, h.oid::text AS oid, ${GROUPS} AS groups,
    (SELECT r.ev_class::text FROM pg_catalog.pg_rewrite r WHERE h.class = 'pg_rewrite' AND r.oid = h.oid) AS view
  FROM told h ORDER BY 1, h.oid`;

export interface Hanging {
  readonly class: string;
  readonly oid: string;
  readonly groups: readonly string[];
  /** The relation of a rule. */
  readonly view: string | null;
}

/** The columns that a query on dependents returns. $1: OIDs in its catalog, $2: the schemas' OIDs, $3: their names, $4: their new names. */
export interface DependentRow {
  readonly kind: string;
  readonly name: string;
  readonly owner: string | null;
  /** The restore role may act as the owner. */
  readonly settable: boolean;
  readonly obstacle: string | null;
  /** In the order in which they are run, after the exchange of names. */
  readonly statements: readonly string[];
  /** The relation that is changed, as SQL names it, and whether it is a view. */
  readonly relation?: string | null;
  readonly view?: boolean;
  /** In pg_depend: the catalog and the OID that identify its bindings. */
  readonly class?: string;
  readonly oid?: string;
  readonly key?: {
    readonly schema: string;
    readonly table: string;
    readonly name: string;
    readonly add: string;
    readonly valid: boolean;
    readonly comment: string | null;
  } | null;
}

const VERSION = `pg_catalog.current_setting('server_version_num')::int`;

export const IS_18 = `${VERSION} >= 180000`;
export const IS_17 = `${VERSION} >= 170000`;

/** From 16 on a membership may lack the right to SET ROLE. */
export const ownedBy = (oid: string): string => `
    pg_catalog.pg_get_userbyid(${oid})::text AS owner,
    pg_catalog.pg_has_role(${oid}, CASE WHEN ${VERSION} >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS settable`;

/** A type of the schemas, including the row types of their tables and arrays of them. */
export const isMemberType = (oid: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_type y WHERE y.oid = ${oid} AND y.typnamespace = ANY ($2))`;

/**
 * Whether parsing the definition again would run checks of domains. That is so for a constant of a composite type (or range): its input
 * function reads it field by field during parsing. A constant of a domain itself is checked only when the expression runs.
 */
export const readsConstants = (tree: string): string => `EXISTS (
      SELECT FROM pg_catalog.regexp_matches(${tree}, ':consttype ([0-9]+)', 'g') m
      JOIN pg_catalog.pg_type y ON y.oid = m[1]::pg_catalog.oid LEFT JOIN pg_catalog.pg_type e ON e.oid = y.typelem AND y.typcategory = 'A'
      WHERE y.oid >= 16384 AND COALESCE(e.typtype, y.typtype) NOT IN ('b', 'e'))`;

/** The name that the old schema gets. */
export const aside = (schema: string): string =>
  `COALESCE((SELECT a.aside FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) AS a (schema, aside) WHERE a.schema = ${schema}), ${schema})`;

/** Comments of objects that are dropped and created again. */
export const commented = (object: string, text: string): string =>
  `CASE WHEN ${text} IS NULL THEN '{}'::text[] ELSE ARRAY[pg_catalog.format('COMMENT ON %s IS %L', ${object}, ${text})] END`;
