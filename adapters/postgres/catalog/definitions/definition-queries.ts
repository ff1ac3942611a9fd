import { catalog } from '../outside-dependencies.ts';
import { constraintsIn, membersIn } from '../schema-members.ts';
import { OPERATOR_QUERIES } from './operator-queries.ts';
import { collation, comment, identity, NOT_OF_EXTENSION, sorted } from './query-fragments.ts';
import { TEXT_QUERIES } from './text-search-queries.ts';

/**
 * What the catalogs hold of each object: `facts` as they are, `expressions` as the server writes them. Both together are everything that
 * pg_dump restores of it. Catalog rows are taken whole if only oids have to be removed: then properties that a newer server adds are
 * included too.
 */
/** Some builds keep a number of their own there. */
const ATTRIBUTE_OPTIONS = `(SELECT pg_catalog.array_agg(o ORDER BY o COLLATE "C") FROM pg_catalog.unnest(a.attoptions) o WHERE o !~ '^pg_attver=')`;

/** After a restore, a child table's own columns follow those of its parents, whichever were added first at the source. */
const PLACE = `CASE WHEN c.relispartition OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
        WHERE h.inhrelid = c.oid AND p.relnamespace = ANY ($1) OFFSET 0) THEN a.attnum END`;

/**
 * The compression or storage of an inherited column in a child table, or else the parent's: a restore gives it that, because pg_dump writes
 * them only if they differ from the server's or the type's, and CREATE TABLE ... INHERITS uses the parent's.
 */
const fromParents = (own: string, usual: string): string => `CASE
    WHEN a.attinhcount = 0 OR c.relispartition OR a.${own} <> ${usual} THEN a.${own}
    ELSE COALESCE((
      WITH RECURSIVE up AS (
        SELECT i.inhparent AS oid, 1 AS depth, i.inhseqno AS place FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid
        UNION ALL SELECT i.inhparent, up.depth + 1, i.inhseqno FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid
      )
      SELECT p.${own} FROM up JOIN pg_catalog.pg_class o ON o.oid = up.oid AND o.relnamespace = ANY ($1)
      JOIN pg_catalog.pg_attribute p ON p.attrelid = up.oid AND p.attname = a.attname AND NOT p.attisdropped AND p.${own} <> ${usual}
      ORDER BY up.depth, up.place LIMIT 1
    ), a.${own}) END`;

const STORAGE = fromParents(
  'attstorage',
  '(SELECT y.typstorage FROM pg_catalog.pg_type y WHERE y.oid = a.atttypid)',
);

/** Columns by name, in their order. `attislocal` is left out, because an outside parent may be missing. */
const COLUMNS = `(
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
        a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        ${collation('a.attcollation')}, ${STORAGE}, ${fromParents('attcompression', `''::pg_catalog."char"`)}, ${ATTRIBUTE_OPTIONS}, ${sorted('a.attfdwoptions')},
        NULLIF(a.attstattarget, -1), pg_catalog.md5(pg_catalog.col_description(c.oid, a.attnum))
      ) ORDER BY ${PLACE}, a.attname COLLATE "C")
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  )`;

/** pg_dump gives a partition's column without a default a default of NULL if the parent's column has one. */
const DEFAULTS = `(
    SELECT pg_catalog.array_agg(pg_catalog.format('%I %s', a.attname, e.expression) ORDER BY a.attname COLLATE "C")
    FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum,
      pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS e (expression)
    WHERE d.adrelid = c.oid AND e.expression !~ '^NULL(::|$)'
  )`;

/** The largest number of an integer type; its smallest is one further down. */
const LARGEST = (type: string): string =>
  `CASE (${type})::pg_catalog.regtype WHEN 'int2'::pg_catalog.regtype THEN 32767 WHEN 'int4'::pg_catalog.regtype THEN 2147483647 ELSE 9223372036854775807 END`;

const RELATION = `'kind', c.relkind, 'persistence', c.relpersistence, 'options', ${sorted('c.reloptions')}, 'columns', ${COLUMNS}, ${comment('pg_class', 'c.oid')}`;

/** True if a table, by its oid, is a partition of a table elsewhere, or is being detached from its parent: a restore leaves it detached. */
const partitionOfOther = (oid: string): string => `EXISTS (
    SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
    WHERE i.inhrelid = ${oid} AND p.relkind = 'p' AND (p.relnamespace <> ALL ($1) OR i.inhdetachpending) OFFSET 0
  )`;

/** True if a constraint `k` is a key to a table of another schema. */
const LEADS_AWAY = `(k.contype = 'f'
      AND EXISTS (SELECT FROM pg_catalog.pg_class r WHERE r.oid = k.confrelid AND r.relnamespace <> ALL ($1) OFFSET 0))`;

export const DEFINITION_QUERIES: Readonly<Record<string, string>> = {
  // A dump may contain initdb's own settings of public or not, depending on how the schema was created.
  schema: `
    SELECT ${identity('pg_namespace', 'n.oid')}, pg_catalog.jsonb_build_object('comment', pg_catalog.md5(CASE
        WHEN n.nspname = 'public' THEN NULLIF(pg_catalog.obj_description(n.oid, 'pg_namespace'), 'standard public schema')
        ELSE pg_catalog.obj_description(n.oid, 'pg_namespace') END)) AS facts, ARRAY[]::text[] AS expressions
    FROM pg_catalog.pg_namespace n WHERE n.oid = ANY ($1) AND ${NOT_OF_EXTENSION('pg_namespace', 'n.oid')}
    ORDER BY 1`,

  table: `
    SELECT ${identity('pg_class', 'c.oid')}, pg_catalog.jsonb_build_object(${RELATION},
        'row security', c.relrowsecurity, 'forced', c.relforcerowsecurity, 'identity', c.relreplident, 'method', m.amname,
        'toast', (SELECT ${sorted('t.reloptions')} FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid),
        'of', NULLIF(c.reloftype, 0)::pg_catalog.regtype,
        'parents', (SELECT pg_catalog.array_agg(i.inhparent::pg_catalog.regclass::text ORDER BY i.inhseqno) FROM pg_catalog.pg_inherits i
          JOIN pg_catalog.pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid AND p.relnamespace = ANY ($1) AND NOT i.inhdetachpending),
        'server', (SELECT pg_catalog.jsonb_build_array(s.srvname, ${sorted('f.ftoptions')}) FROM pg_catalog.pg_foreign_table f
          JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)
      ) AS facts,
      ${DEFAULTS} || ARRAY[
        CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
        (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_inherits i
          JOIN pg_catalog.pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid AND p.relnamespace = ANY ($1) AND NOT i.inhdetachpending LIMIT 1)
      ] AS expressions
    FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
    WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind IN ('r', 'p', 'f') AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
    ORDER BY 1`,

  view: `
    SELECT ${identity('pg_class', 'c.oid')}, pg_catalog.jsonb_build_object(${RELATION}) AS facts,
      ${DEFAULTS} || ARRAY[pg_catalog.pg_get_viewdef(c.oid)] AS expressions
    FROM pg_catalog.pg_class c
    WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind IN ('v', 'm') AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
    ORDER BY 1`,

  // The sequence of an identity column is dumped without its type, and gets the column's type then: LIKE ... INCLUDING IDENTITY creates one
  // of bigint for any type.
  sequence: `
    SELECT ${identity('pg_class', 'c.oid')}, pg_catalog.to_jsonb(s) - ARRAY['seqrelid', 'seqtypid'] || pg_catalog.jsonb_build_object(
        'seqmax', CASE WHEN s.seqincrement > 0 AND s.seqmax = ${LARGEST('s.seqtypid')} THEN ${LARGEST('COALESCE(i.atttypid, s.seqtypid)')} ELSE s.seqmax END,
        'seqmin', CASE WHEN s.seqincrement < 0 AND s.seqmin = -1 - ${LARGEST('s.seqtypid')} THEN -1 - ${LARGEST('COALESCE(i.atttypid, s.seqtypid)')} ELSE s.seqmin END,
        'type', COALESCE(i.atttypid, s.seqtypid)::pg_catalog.regtype, 'persistence', c.relpersistence, ${comment('pg_class', 'c.oid')},
        'owned by', (SELECT pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) FROM pg_catalog.pg_depend d
          WHERE d.classid = ${catalog('pg_class')} AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)
      ) AS facts, ARRAY[]::text[] AS expressions
    FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
    LEFT JOIN LATERAL (SELECT a.atttypid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = ${catalog('pg_class')} AND d.objid = c.oid AND d.refclassid = ${catalog('pg_class')} AND d.deptype = 'i' AND d.refobjsubid > 0) i ON true
    WHERE s.seqrelid = ANY (ARRAY(${membersIn('pg_class')})) AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
    ORDER BY 1`,

  // pg_dump leaves out an invalid index that CREATE INDEX CONCURRENTLY left behind. A partitioned table's index is invalid while a
  // partition lacks its part.
  index: `
    SELECT ${identity('pg_class', 'x.oid')}, pg_catalog.jsonb_build_object('of', i.indrelid::pg_catalog.regclass, 'valid', i.indisvalid,
        'primary', i.indisprimary, 'clustered', i.indisclustered, 'identity', i.indisreplident, ${comment('pg_class', 'x.oid')},
        'part of', (SELECT n.inhparent::pg_catalog.regclass FROM pg_catalog.pg_inherits n JOIN pg_catalog.pg_class p ON p.oid = n.inhparent
          WHERE n.inhrelid = x.oid AND p.relnamespace = ANY ($1)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits d WHERE d.inhrelid = i.indrelid AND d.inhdetachpending)),
        'statistics', (SELECT pg_catalog.array_agg(NULLIF(a.attstattarget, -1) ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.oid)
      ) AS facts, ARRAY[pg_catalog.pg_get_indexdef(x.oid)] AS expressions
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    WHERE i.indrelid = ANY (ARRAY(${membersIn('pg_class')})) AND t.relkind <> 't' AND i.indisready AND (i.indisvalid OR t.relkind = 'p')
      AND ${NOT_OF_EXTENSION('pg_class', 't.oid')} AND ${NOT_OF_EXTENSION('pg_class', 'x.oid')}
    ORDER BY 1`,

  // A partition gets its parent's constraints with the parent; keys and checks of a parent elsewhere are dumped as its own. From 18 on, each
  // NOT NULL is a constraint. The columns already show it, unless it is a special one.
  // It refers to another schema: a restore adds it later, or leaves it out. Only its statement is compared.
  'foreign key': `
    SELECT ${identity('pg_constraint', 'k.oid')}, pg_catalog.jsonb_build_object('validated', k.convalidated) AS facts,
      ARRAY[pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', '')] AS expressions
    FROM pg_catalog.pg_constraint k
    WHERE k.oid = ANY (ARRAY(${constraintsIn()})) AND k.conparentid = 0 AND ${LEADS_AWAY} AND ${NOT_OF_EXTENSION('pg_class', 'k.conrelid')}
    ORDER BY 1`,

  constraint: `
    SELECT ${identity('pg_constraint', 'k.oid')}, pg_catalog.jsonb_build_object('type', k.contype, 'validated', k.convalidated,
        'no inherit', k.contype IN ('c', 'n') AND k.connoinherit, ${comment('pg_constraint', 'k.oid')}) AS facts,
      ARRAY[pg_catalog.pg_get_constraintdef(k.oid)] AS expressions
    FROM pg_catalog.pg_constraint k
    WHERE k.oid = ANY (ARRAY(${constraintsIn()})) AND k.contype <> 't' AND NOT ${LEADS_AWAY}
      AND (k.conparentid = 0 AND (k.conislocal OR k.conrelid = 0) OR k.contype <> 'f' AND ${partitionOfOther('k.conrelid')})
      AND (k.contype <> 'n' OR NOT k.convalidated OR k.connoinherit)
      AND ${NOT_OF_EXTENSION('pg_class', 'k.conrelid')} AND ${NOT_OF_EXTENSION('pg_type', 'k.contypid')}
    ORDER BY 1`,

  function: `
    SELECT ${identity('pg_proc', 'p.oid')}, pg_catalog.to_jsonb(p) - ARRAY['oid', 'proname', 'pronamespace', 'proowner', 'proacl', 'prosrc', 'prosqlbody',
        'prolang', 'provariadic', 'prorettype', 'proargtypes', 'proallargtypes', 'proargdefaults', 'protrftypes', 'proconfig']
        || pg_catalog.jsonb_build_object('text', pg_catalog.md5(p.prosrc), 'language', l.lanname, 'settings', ${sorted('p.proconfig')},
          'transforms', (SELECT pg_catalog.array_agg(o::pg_catalog.regtype) FROM pg_catalog.unnest(p.protrftypes) o),
          'aggregate', (SELECT pg_catalog.to_jsonb(g) - ARRAY['aggfnoid', 'aggsortop', 'aggtranstype', 'aggmtranstype'] || pg_catalog.jsonb_build_array(
              g.aggsortop::pg_catalog.regoperator, g.aggtranstype::pg_catalog.regtype, g.aggmtranstype::pg_catalog.regtype)
            FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid),
          'result', pg_catalog.pg_get_function_result(p.oid), ${comment('pg_proc', 'p.oid')}) AS facts,
      ARRAY[pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_sqlbody(p.oid)] AS expressions
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc')})) AND ${NOT_OF_EXTENSION('pg_proc', 'p.oid')}
      -- A range type makes its constructors.
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = ${catalog('pg_proc')} AND i.objid = p.oid AND i.deptype = 'i')
    ORDER BY 1`,

  type: `
    SELECT ${identity('pg_type', 't.oid')}, pg_catalog.jsonb_build_object('kind', t.typtype, 'not null', t.typnotnull,
        'base', CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END, 'collation', ${collation('t.typcollation')},
        'labels', (SELECT pg_catalog.array_agg(n.enumlabel ORDER BY n.enumsortorder) FROM pg_catalog.pg_enum n WHERE n.enumtypid = t.oid),
        'range', (SELECT pg_catalog.jsonb_build_array(r.rngsubtype::pg_catalog.regtype, ${collation('r.rngcollation')}, r.rngsubdiff, r.rngcanonical,
          r.rngmultitypid::pg_catalog.regtype,
          (SELECT pg_catalog.format('%I.%I', n.nspname, o.opcname) FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
            WHERE o.oid = r.rngsubopc)) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid),
        'attributes', CASE WHEN c.relkind = 'c' THEN ${COLUMNS} END,
        'base type', CASE WHEN t.typtype = 'b' THEN pg_catalog.jsonb_build_array(t.typlen, t.typbyval, t.typcategory, t.typdelim, t.typalign, t.typstorage,
          t.typinput, t.typoutput, t.typreceive, t.typsend) END,
        ${comment('pg_type', 't.oid')}
      ) AS facts, ARRAY[t.typdefault] AS expressions
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE t.oid = ANY (ARRAY(${membersIn('pg_type')}))
      AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c' OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid OFFSET 0))
      AND ${NOT_OF_EXTENSION('pg_type', 't.oid')}
    ORDER BY 1`,

  trigger: `
    SELECT ${identity('pg_trigger', 'g.oid')}, pg_catalog.jsonb_build_object('enabled', g.tgenabled, 'arguments', pg_catalog.encode(g.tgargs, 'hex'),
        ${comment('pg_trigger', 'g.oid')}) AS facts, ARRAY[pg_catalog.pg_get_triggerdef(g.oid)] AS expressions
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    WHERE g.tgrelid = ANY (ARRAY(${membersIn('pg_class')})) AND NOT g.tgisinternal AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
      -- A partition's that its parent elsewhere gave it comes with that one.
      AND NOT (g.tgparentid <> 0 AND ${partitionOfOther('c.oid')})
    ORDER BY 1`,

  policy: `
    SELECT ${identity('pg_policy', 'p.oid')}, pg_catalog.jsonb_build_object('command', p.polcmd, 'permissive', p.polpermissive,
        'roles', (SELECT pg_catalog.array_agg(pg_catalog.pg_get_userbyid(o) ORDER BY pg_catalog.pg_get_userbyid(o) COLLATE "C") FROM pg_catalog.unnest(p.polroles) o WHERE o <> 0),
        ${comment('pg_policy', 'p.oid')}) AS facts,
      ARRAY[pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)] AS expressions
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    WHERE p.polrelid = ANY (ARRAY(${membersIn('pg_class')})) AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
    ORDER BY 1`,

  rule: `
    SELECT ${identity('pg_rewrite', 'r.oid')}, pg_catalog.jsonb_build_object('enabled', r.ev_enabled, ${comment('pg_rewrite', 'r.oid')}) AS facts,
      ARRAY[pg_catalog.pg_get_ruledef(r.oid)] AS expressions
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    WHERE r.ev_class = ANY (ARRAY(${membersIn('pg_class')})) AND r.rulename <> '_RETURN' AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
    ORDER BY 1`,

  statistics: `
    SELECT ${identity('pg_statistic_ext', 's.oid')}, pg_catalog.jsonb_build_object('target', NULLIF(s.stxstattarget, -1), ${comment('pg_statistic_ext', 's.oid')}) AS facts,
      ARRAY[pg_catalog.pg_get_statisticsobjdef(s.oid)] AS expressions
    FROM pg_catalog.pg_statistic_ext s WHERE s.oid = ANY (ARRAY(${membersIn('pg_statistic_ext')}))
    ORDER BY 1`,

  ...TEXT_QUERIES,
  ...OPERATOR_QUERIES,
};
