import type pg from 'pg';
import type { StandIn } from '../../../core/manifest.ts';
import { catalog, FIRST_NORMAL_OID, OUTSIDE_ENDS } from './outside-dependencies.ts';
import type { NamedByValue } from './reg-values.ts';
import type { SchemaOids } from './schema-contents.ts';

/**
 * SQL that creates, in a scratch database, a stand-in for each outside object that the schema needs, with the same name and form: an empty
 * table with the columns, a function with the signature that returns NULL, an enum with the labels. Without them most schemas could not be
 * restored anywhere but at the source. Bodies of functions and rows of tables are not copied: they do not belong to this project. A
 * stand-in may need types in turn, so those are included: `pg_depend` has them for columns, arguments and base types. Objects without a
 * possible stand-in (an operator class, a base type in C) have no line here.
 */
const KEPT = `
  WITH RECURSIVE ${OUTSIDE_ENDS}, closure AS (
    (SELECT refclassid AS classid, refobjid AS objid FROM ends
    UNION SELECT v.catalog::pg_catalog.regclass, v.oid FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::oid[])) AS v (catalog, oid) WHERE v.oid >= ${FIRST_NORMAL_OID})
    UNION
    SELECT d.refclassid, d.refobjid
    FROM closure c
    LEFT JOIN pg_catalog.pg_type t ON c.classid = ${catalog('pg_type')} AND t.oid = c.objid
    JOIN pg_catalog.pg_depend d
      ON d.classid = c.classid AND d.objid = c.objid
        OR d.classid = ${catalog('pg_class')} AND d.objid = t.typrelid AND t.typtype = 'c'
    WHERE d.refobjid >= ${FIRST_NORMAL_OID}
      AND (d.objsubid = 0 AND d.deptype IN ('i', 'e') OR d.deptype = 'n' AND d.refclassid = ${catalog('pg_type')})
  ), kept AS (
    SELECT c.classid, c.objid FROM closure c
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = c.classid AND d.objid = c.objid AND d.objsubid = 0 AND d.deptype IN ('i', 'e')
    ) AND NOT EXISTS (SELECT FROM members m WHERE m.classid = c.classid AND m.objid = c.objid)
  )
  SELECT classid::pg_catalog.oid::text AS catalog, objid::text AS oid FROM kept
  WHERE classid <> ${catalog('pg_namespace')} OR objid <> ALL ($1)`;

const COLUMNS = (relation: string): string => `(
    SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
      || CASE WHEN a.attcollation <> 0 AND a.attcollation <> ty.typcollation THEN ' COLLATE ' || a.attcollation::pg_catalog.regcollation ELSE '' END,
      ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type ty ON ty.oid = a.atttypid
    WHERE a.attrelid = ${relation} AND a.attnum > 0 AND NOT a.attisdropped
  )`;

/** A view that groups by a table's key can only show its other columns if the key is known. */
const KEY = `(SELECT ', ' || pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')`;

const RELATIONS = `
  SELECT k.classid, k.objid, CASE
      WHEN c.relkind = 'S' THEN pg_catalog.format('CREATE SEQUENCE %I.%I', n.nspname, c.relname)
      ELSE pg_catalog.format('CREATE TABLE %I.%I (%s%s)', n.nspname, c.relname, ${COLUMNS('c.oid')}, ${KEY})
    END AS sql
  FROM kept k JOIN pg_catalog.pg_class c ON k.classid = ${catalog('pg_class')} AND c.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')`;

const TYPES = `
  SELECT k.classid, k.objid, pg_catalog.format(
      CASE WHEN t.typtype = 'd' THEN 'CREATE DOMAIN %I.%I AS ' ELSE 'CREATE TYPE %I.%I AS ' END, n.nspname, t.typname)
    || CASE t.typtype
      WHEN 'e' THEN 'ENUM (' || COALESCE((SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), '') || ')'
      WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
      WHEN 'c' THEN '(' || COALESCE(${COLUMNS('t.typrelid')}, '') || ')'
      WHEN 'r' THEN (SELECT pg_catalog.format('RANGE (subtype = %s, multirange_type_name = %s)', r.rngsubtype::pg_catalog.regtype, r.rngmultitypid::pg_catalog.regtype)
        FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
    END
  FROM kept k JOIN pg_catalog.pg_type t ON k.classid = ${catalog('pg_type')} AND t.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype IN ('d', 'e', 'c', 'r')`;

/**
 * The arguments of a function `p`, with names and modes. One with a default gets DEFAULT NULL, because its own default may need other
 * objects.
 */
const ARGUMENTS = `(
    SELECT pg_catalog.string_agg(
        CASE a.mode WHEN 'o' THEN 'OUT ' WHEN 'b' THEN 'INOUT ' WHEN 'v' THEN 'VARIADIC ' ELSE '' END
        || CASE WHEN a.name <> '' THEN pg_catalog.quote_ident(a.name) || ' ' ELSE '' END || pg_catalog.format_type(a.type, NULL)
        || CASE WHEN a.taken > p.pronargs - p.pronargdefaults AND a.mode <> 'o' THEN ' DEFAULT NULL' ELSE '' END, ', ' ORDER BY a.i)
    FROM (
      SELECT t.type, t.i, COALESCE(p.proargnames[t.i], '') AS name, COALESCE(p.proargmodes[t.i], 'i') AS mode,
        pg_catalog.count(*) FILTER (WHERE COALESCE(p.proargmodes[t.i], 'i') IN ('i', 'b', 'v')) OVER (ORDER BY t.i) AS taken
      FROM pg_catalog.unnest(COALESCE(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS t (type, i)
    ) a WHERE a.mode <> 't'
  )`;

/** A trigger's stand-in lets every row pass. One that returns a set returns no rows, any other NULL. */
const FUNCTIONS = `
  SELECT k.classid, k.objid, CASE p.prokind
      WHEN 'p' THEN pg_catalog.format('CREATE PROCEDURE %I.%I(%s) LANGUAGE plpgsql AS %L', n.nspname, p.proname, ${ARGUMENTS}, 'BEGIN END')
      ELSE pg_catalog.format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql %s%s%s AS %L', n.nspname, p.proname,
        ${ARGUMENTS}, pg_catalog.pg_get_function_result(p.oid),
        CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
        CASE WHEN p.proisstrict THEN ' STRICT' ELSE '' END, CASE p.prokind WHEN 'w' THEN ' WINDOW' ELSE '' END,
        CASE
          WHEN p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype THEN 'BEGIN RETURN NEW; END'
          WHEN p.prorettype = 'pg_catalog.void'::pg_catalog.regtype THEN 'BEGIN END'
          WHEN p.proretset OR p.proargmodes && '{o,b,t}'::"char"[] THEN 'BEGIN RETURN; END'
          ELSE 'BEGIN RETURN NULL; END'
        END)
    END
  FROM kept k JOIN pg_catalog.pg_proc p ON k.classid = ${catalog('pg_proc')} AND p.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prokind IN ('f', 'p', 'w')`;

/** Its state has the type of its result, and its step returns NULL. Ordered-set aggregates have no line here. */
const AGGREGATES = `
  SELECT k.classid, k.objid, pg_catalog.format(
      'CREATE FUNCTION %1$I.%2$I(%3$s) RETURNS %4$s LANGUAGE plpgsql IMMUTABLE AS %5$L; CREATE AGGREGATE %1$I.%6$I(%7$s) (SFUNC = %1$I.%2$I, STYPE = %4$s)',
      n.nspname, 'larder_step_' || p.oid,
      pg_catalog.concat_ws(', ', pg_catalog.format_type(p.prorettype, NULL),
        (SELECT pg_catalog.string_agg(CASE WHEN p.provariadic <> 0 AND t.i = p.pronargs THEN 'VARIADIC ' ELSE '' END
          || pg_catalog.format_type(t.type, NULL), ', ' ORDER BY t.i)
        FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS t (type, i))),
      pg_catalog.format_type(p.prorettype, NULL), 'BEGIN RETURN NULL; END', p.proname,
      CASE WHEN p.pronargs = 0 THEN '*' ELSE ${ARGUMENTS} END)
  FROM kept k JOIN pg_catalog.pg_proc p ON k.classid = ${catalog('pg_proc')} AND p.oid = k.objid
  JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE g.aggkind = 'n'`;

/** It returns NULL, like its function's stand-in. */
const OPERATORS = `
  SELECT k.classid, k.objid, pg_catalog.format(
      'CREATE FUNCTION %1$I.%2$I(%3$s) RETURNS %4$s LANGUAGE plpgsql IMMUTABLE AS %5$L; CREATE OPERATOR %1$I.%6$s (FUNCTION = %1$I.%2$I%7$s, RIGHTARG = %8$s)',
      n.nspname, 'larder_operator_' || o.oid,
      pg_catalog.concat_ws(', ', pg_catalog.format_type(NULLIF(o.oprleft, 0), NULL), pg_catalog.format_type(o.oprright, NULL)),
      pg_catalog.format_type(o.oprresult, NULL), 'BEGIN RETURN NULL; END', o.oprname,
      CASE WHEN o.oprleft <> 0 THEN ', LEFTARG = ' || pg_catalog.format_type(o.oprleft, NULL) ELSE '' END, pg_catalog.format_type(o.oprright, NULL))
  FROM kept k JOIN pg_catalog.pg_operator o ON k.classid = ${catalog('pg_operator')} AND o.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprcode <> 0`;

const TEXT_SEARCH = `
  SELECT k.classid, k.objid, pg_catalog.format('CREATE TEXT SEARCH CONFIGURATION %I.%I (COPY = pg_catalog.simple)', n.nspname, c.cfgname)
  FROM kept k JOIN pg_catalog.pg_ts_config c ON k.classid = ${catalog('pg_ts_config')} AND c.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace
  UNION ALL SELECT k.classid, k.objid, pg_catalog.format('CREATE TEXT SEARCH DICTIONARY %I.%I (TEMPLATE = pg_catalog.simple)', n.nspname, d.dictname)
  FROM kept k JOIN pg_catalog.pg_ts_dict d ON k.classid = ${catalog('pg_ts_dict')} AND d.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = d.dictnamespace`;

/** Only values name these; nothing else in a schema needs them. */
const NAMES = `
  SELECT k.classid, k.objid, pg_catalog.format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname)
  FROM kept k JOIN pg_catalog.pg_namespace n ON k.classid = ${catalog('pg_namespace')} AND n.oid = k.objid
  WHERE n.oid <> ALL ($1)
  UNION ALL SELECT k.classid, k.objid, pg_catalog.format('CREATE ROLE %I NOLOGIN', r.rolname)
  FROM kept k JOIN pg_catalog.pg_roles r ON k.classid = ${catalog('pg_authid')} AND r.oid = k.objid`;

/** The column with ICU's locale has had three names. */
const COLLATIONS = `
  SELECT k.classid, k.objid, pg_catalog.format('CREATE COLLATION %I.%I ', n.nspname, c.collname) || CASE c.collprovider
      WHEN 'i' THEN pg_catalog.format('(provider = icu, locale = %L, deterministic = %s)',
        COALESCE(pg_catalog.to_jsonb(c) ->> 'colllocale', pg_catalog.to_jsonb(c) ->> 'colliculocale', c.collcollate),
        CASE WHEN c.collisdeterministic THEN 'true' ELSE 'false' END)
      ELSE 'FROM pg_catalog."C"'
    END
  FROM kept k JOIN pg_catalog.pg_collation c ON k.classid = ${catalog('pg_collation')} AND c.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace`;

const OTHERS = `
  SELECT k.classid, k.objid, pg_catalog.format('CREATE EXTENSION %I WITH SCHEMA %I', e.extname, n.nspname)
  FROM kept k JOIN pg_catalog.pg_extension e ON k.classid = ${catalog('pg_extension')} AND e.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  UNION ALL SELECT k.classid, k.objid, pg_catalog.format('CREATE SERVER %I FOREIGN DATA WRAPPER larder_stand_in', s.srvname)
  FROM kept k JOIN pg_catalog.pg_foreign_server s ON k.classid = ${catalog('pg_foreign_server')} AND s.oid = k.objid
  -- A handler of PostgreSQL's own does here what it does at home; for a table any other is as good as the heap's.
  UNION ALL SELECT k.classid, k.objid, pg_catalog.format('CREATE ACCESS METHOD %I TYPE %s HANDLER %s', a.amname, CASE a.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END,
      CASE WHEN a.amhandler::oid >= ${FIRST_NORMAL_OID} THEN 'heap_tableam_handler' ELSE a.amhandler::pg_catalog.oid::pg_catalog.regproc::text END)
  FROM kept k JOIN pg_catalog.pg_am a ON k.classid = ${catalog('pg_am')} AND a.oid = k.objid
  WHERE a.amtype = 't' OR a.amhandler::oid < ${FIRST_NORMAL_OID}
  UNION ALL SELECT k.classid, k.objid, pg_catalog.format('CREATE TABLESPACE %I LOCATION %L', t.spcname, '')
  FROM kept k JOIN pg_catalog.pg_tablespace t ON k.classid = ${catalog('pg_tablespace')} AND t.oid = k.objid`;

const STAND_INS = `
  WITH kept AS (
    SELECT v.classid, v.objid FROM ROWS FROM (pg_catalog.unnest($2::oid[]), pg_catalog.unnest($3::oid[])) AS v (classid, objid)
  ), made AS (
    ${[RELATIONS, TYPES, FUNCTIONS, AGGREGATES, OPERATORS, COLLATIONS, TEXT_SEARCH, NAMES, OTHERS].join('\n    UNION ALL ')}
  )
  SELECT o.type AS kind, o.identity AS name, n.nspname AS schema, made.sql
  FROM made CROSS JOIN LATERAL pg_catalog.pg_identify_object(made.classid, made.objid, 0) o
  LEFT JOIN pg_catalog.pg_extension e ON made.classid = ${catalog('pg_extension')} AND e.oid = made.objid
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = COALESCE(e.extnamespace, pg_catalog.to_regnamespace(o.schema)::pg_catalog.oid)
  WHERE made.sql IS NOT NULL
  ORDER BY 1, 2`;

/** Oids of a catalog and of a row in it. */
interface Kept {
  readonly catalog: string;
  readonly oid: string;
}

/** Not in an order in which they could be created. The session's search_path must be empty, so that names are written in full. */
export const readStandIns = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  named: readonly NamedByValue[] = [],
): Promise<StandIn[]> => {
  const idsOf = (those: readonly Kept[]) => [
    those.map((one) => one.catalog),
    those.map((one) => one.oid),
  ];
  const kept = await client.query<Kept>(KEPT, [schemaOids, ...idsOf(named)]);
  // Most schemas need nothing elsewhere, and the queries for stand-ins take longer to plan than everything else.
  if (!kept.rows.length) return [];
  return (await client.query<StandIn>(STAND_INS, [schemaOids, ...idsOf(kept.rows)])).rows;
};
