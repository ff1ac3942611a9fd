import { membersIn } from '../catalog/schema-members.ts';
import {
  aside,
  commented,
  IS_17,
  isMemberType,
  ownedBy,
  readsConstants,
} from './dependent-rows.ts';

/** Views, rules, tables and indexes of other schemas. Definitions are read while the live schema has its name, so they name it. */

const OPTIONS = `COALESCE((SELECT ' WITH (' || pg_catalog.string_agg(pg_catalog.format('%s = %L', x.option_name, x.option_value), ', ') || ')'
      FROM pg_catalog.pg_options_to_table(c.reloptions) x), '')`;

const DEFINITION = `pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';')`;

const WORD = `(SELECT CASE WHEN c.relkind = 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS word)`;

/** Dropping a view loses its owner, grants and comment, and a materialized view's indexes. */
const MADE_AGAIN = `
      ARRAY[pg_catalog.format('CREATE %s %I.%I%s AS %s', word, n.nspname, c.relname, ${OPTIONS}, ${DEFINITION})]
      || ARRAY(SELECT pg_catalog.pg_get_indexdef(x.indexrelid) FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid ORDER BY x.indexrelid)
      || ${commented(`pg_catalog.format('%s %I.%I', word, n.nspname, c.relname)`, "pg_catalog.obj_description(c.oid, 'pg_class')")}
      || ARRAY[pg_catalog.format('ALTER %s %I.%I OWNER TO %I', word, n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner))]
      || ARRAY(SELECT pg_catalog.format('GRANT %s ON %I.%I TO %s%s', x.privilege_type, n.nspname, c.relname,
          CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
          CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM pg_catalog.aclexplode(c.relacl) x WHERE x.grantee <> c.relowner ORDER BY 1)`;

/** Dependents of a dropped view are dropped before it, and created again after it. */
const LAYERS = `, above AS (
    SELECT v.oid AS base, v.oid, 0 AS depth FROM pg_catalog.pg_class v WHERE v.oid = ANY ($1)
    UNION
    SELECT a.base, u.ev_class, a.depth + 1
    FROM above a
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = a.oid
      AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.deptype = 'n'
    JOIN pg_catalog.pg_rewrite u ON u.oid = d.objid AND u.rulename = '_RETURN' AND u.ev_class <> a.oid
  ), layers AS (SELECT base, oid, max(depth) AS depth FROM above GROUP BY base, oid)`;

const EACH_LAYER = `
        FROM layers l JOIN pg_catalog.pg_class c ON c.oid = l.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL ${WORD} kind`;

/** $1: the views' own OIDs. A view keeps its owner, grants, triggers and dependents when it is replaced. */
export const VIEWS = `${LAYERS}
  SELECT pg_catalog.lower(word) AS kind, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, ${ownedBy('c.relowner')},
    CASE WHEN c.relkind = 'm' THEN 'not-replaceable' WHEN typed THEN 'types' WHEN ${readsConstants('r.ev_action::text')} THEN 'code' END AS obstacle,
    CASE
      WHEN c.relkind = 'v' AND NOT typed
        THEN ARRAY[pg_catalog.format('CREATE OR REPLACE VIEW %I.%I%s AS %s', n.nspname, c.relname, ${OPTIONS}, ${DEFINITION})]
      ELSE ARRAY(SELECT pg_catalog.format('DROP %s %I.%I', word, n.nspname, c.relname) ${EACH_LAYER} WHERE l.base = r.ev_class ORDER BY l.depth DESC, l.oid DESC)
        || ARRAY(SELECT s.statement ${EACH_LAYER}, LATERAL pg_catalog.unnest(${MADE_AGAIN}) WITH ORDINALITY s (statement, place)
          WHERE l.base = r.ev_class ORDER BY l.depth, l.oid, s.place)
    END AS statements,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation, true AS view, 'pg_rewrite' AS class, r.oid::text AS oid
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN',
    LATERAL ${WORD} kind, LATERAL (SELECT EXISTS (
      SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND ${isMemberType('a.atttypid')}) AS typed) t
  WHERE c.oid = ANY ($1) ORDER BY c.oid`;

export const RULES = `
  SELECT 'rule' AS kind, pg_catalog.format('%I of %I.%I', r.rulename, n.nspname, c.relname) AS name, ${ownedBy('c.relowner')},
    CASE WHEN ${readsConstants('r.ev_action::text || r.ev_qual::text')} THEN 'code' END AS obstacle,
    ARRAY[pg_catalog.regexp_replace(pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';'), '^CREATE RULE', 'CREATE OR REPLACE RULE')] AS statements,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation, c.relkind = 'v' AS view, 'pg_rewrite' AS class, r.oid::text AS oid
  FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE r.oid = ANY ($1) AND r.rulename <> '_RETURN' ORDER BY r.oid`;

/** Tables whose columns have types of the schema, one row for each column. */
export const COLUMNS = `
  SELECT 'column' AS kind, pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name, ${ownedBy('c.relowner')},
    'types' AS obstacle,
    CASE WHEN c.relkind IN ('r', 'p') AND y.typtype IN ('e', 'd') THEN
      ARRAY[pg_catalog.format('ALTER TABLE %I.%I ALTER COLUMN %I TYPE %s USING %I::text::%s', n.nspname, c.relname, a.attname,
        pg_catalog.format_type(a.atttypid, a.atttypmod), a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))]
    ELSE '{}'::text[] END AS statements
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
  WHERE c.oid = ANY ($1) AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND ${isMemberType('a.atttypid')} ORDER BY c.oid, a.attnum`;

export const INDEXES = `
  SELECT 'index' AS kind, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, ${ownedBy('c.relowner')}, 'rows' AS obstacle,
    ARRAY[pg_catalog.format('DROP INDEX %I.%I', n.nspname, c.relname), pg_catalog.pg_get_indexdef(c.oid)] AS statements
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY ($1) AND c.relkind IN ('i', 'I') AND NOT c.relispartition ORDER BY c.oid`;

/** Needs the parent's owner as well: tries first a role with both rights, then the restore role itself. */
const MOVED = (child: string, parent: string, from: string, to: string): string => `
    CASE WHEN c.relispartition THEN ARRAY[
      pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s', ${parent}, ${from}),
      pg_catalog.format('ALTER TABLE %s ATTACH PARTITION %s %s', ${child}, ${to}, pg_catalog.pg_get_expr(c.relpartbound, c.oid))]
    ELSE ARRAY[
      pg_catalog.format('ALTER TABLE %s NO INHERIT %s', ${from}, ${parent}),
      pg_catalog.format('ALTER TABLE %s INHERIT %s', ${to}, ${child})]
    END AS statements`;

const OF = (schema: string, name: string): string =>
  `pg_catalog.format('%I.%I', ${schema}, ${name})`;

const PARTS = `
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace`;

const AS = `
    CASE WHEN c.relispartition THEN 'partition' ELSE 'child table' END AS kind,
    pg_catalog.format('%I.%I of %I.%I', n.nspname, c.relname, pn.nspname, p.relname) AS name`;

/** The owner of both tables, or the restore role itself if it may act as both. */
const BOTH = `
    CASE WHEN c.relowner = p.relowner THEN pg_catalog.pg_get_userbyid(c.relowner)::text END AS owner,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.pg_has_role(p.relowner, 'USAGE') AS settable`;

/** Tables outside that inherit from the schema's. */
export const CHILDREN = `
  SELECT ${AS}, ${BOTH}, CASE WHEN c.relispartition THEN 'rows' END AS obstacle,
    ${MOVED(OF('pn.nspname', 'p.relname'), OF(aside('pn.nspname'), 'p.relname'), OF('n.nspname', 'c.relname'), OF('n.nspname', 'c.relname'))},
    ${OF('n.nspname', 'c.relname')} AS relation, false AS view
  ${PARTS}
  WHERE c.oid = ANY ($1) AND c.relkind IN ('r', 'p', 'f') AND p.relnamespace = ANY ($2) ORDER BY c.oid, p.oid`;

/** Tables of the schema that inherit from others outside: the old tables remain children, with their rows. */
export const PARTS_OF_OTHERS = `
  SELECT ${AS}, ${BOTH}, CASE WHEN c.relispartition THEN 'rows' END AS obstacle,
    ${MOVED(OF('pn.nspname', 'p.relname'), OF('pn.nspname', 'p.relname'), OF(aside('n.nspname'), 'c.relname'), OF('n.nspname', 'c.relname'))}
  ${PARTS}
  WHERE i.inhrelid = ANY (ARRAY(${membersIn('pg_class', '$2')})) AND p.relnamespace <> ALL ($2) AND c.relkind IN ('r', 'p', 'f') ORDER BY c.oid, p.oid`;

export const DEFAULTS = `
  SELECT CASE WHEN a.attgenerated = '' THEN 'default' ELSE 'generated column' END AS kind,
    CASE WHEN a.attgenerated = '' THEN 'of ' ELSE '' END || pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name, ${ownedBy('c.relowner')},
    CASE WHEN a.attgenerated <> '' THEN 'rows' WHEN ${isMemberType('a.atttypid')} THEN 'types' WHEN ${readsConstants('d.adbin::text')} THEN 'code' END AS obstacle,
    CASE WHEN a.attgenerated = '' THEN
      ARRAY[pg_catalog.format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET DEFAULT %s', n.nspname, c.relname, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid))]
    WHEN ${IS_17} THEN
      ARRAY[pg_catalog.format('ALTER TABLE %I.%I ALTER COLUMN %I SET EXPRESSION AS (%s)', n.nspname, c.relname, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid))]
    ELSE '{}'::text[] END AS statements,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation, c.relkind = 'v' AS view
  FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  JOIN pg_catalog.pg_class c ON c.oid = d.adrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE d.oid = ANY ($1) ORDER BY d.oid`;
