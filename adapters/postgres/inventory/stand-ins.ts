import type pg from 'pg';
import type { StandIn } from '../../../core/manifest.ts';
import type { SchemaOids } from './contents.ts';
import { catalog, FIRST_NORMAL_OID, OUTSIDE_ENDS } from './outside.ts';

/**
 * SQL that makes, in a scratch database, something of the name and form of each object outside that the schema needs: an empty table
 * with the columns, a function of the signature that gives NULL, an enum with the labels. Without them most schemas could not be
 * brought back anywhere but at home. Bodies of functions and rows of tables stay where they are: they are not this project's.
 *
 * What stands in may need types in turn, so those are followed to: `pg_depend` has them for columns, arguments and base types. What
 * nothing can stand in for (an operator, a base type in C, a text search dictionary) has no line here.
 */
const CLOSURE = `
  WITH RECURSIVE ${OUTSIDE_ENDS}, closure AS (
    SELECT DISTINCT refclassid AS classid, refobjid AS objid FROM ends
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
  )`;

const COLUMNS = (relation: string): string => `(
    SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
      || CASE WHEN a.attcollation <> 0 AND a.attcollation <> ty.typcollation THEN ' COLLATE ' || a.attcollation::pg_catalog.regcollation ELSE '' END,
      ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type ty ON ty.oid = a.atttypid
    WHERE a.attrelid = ${relation} AND a.attnum > 0 AND NOT a.attisdropped
  )`;

/** A view that groups by a table's key shows its other columns too, only where the key is known. */
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

/** A trigger's stand-in lets every row pass. One of a set gives no rows, any other NULL. */
const FUNCTIONS = `
  SELECT k.classid, k.objid, pg_catalog.format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql %s%s AS %L', n.nspname, p.proname,
      pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid),
      CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
      CASE WHEN p.proisstrict THEN ' STRICT' ELSE '' END,
      CASE
        WHEN p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype THEN 'BEGIN RETURN NEW; END'
        WHEN p.prorettype = 'pg_catalog.void'::pg_catalog.regtype THEN 'BEGIN END'
        WHEN p.proretset OR 'b' = ANY (p.proargmodes) THEN 'BEGIN RETURN; END'
        ELSE 'BEGIN RETURN NULL; END'
      END)
  FROM kept k JOIN pg_catalog.pg_proc p ON k.classid = ${catalog('pg_proc')} AND p.oid = k.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prokind = 'f'`;

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
  UNION ALL SELECT k.classid, k.objid, pg_catalog.format('CREATE TABLESPACE %I LOCATION %L', t.spcname, '')
  FROM kept k JOIN pg_catalog.pg_tablespace t ON k.classid = ${catalog('pg_tablespace')} AND t.oid = k.objid`;

const STAND_INS = `
  ${CLOSURE}, made AS (
    ${[RELATIONS, TYPES, FUNCTIONS, COLLATIONS, OTHERS].join('\n    UNION ALL ')}
  )
  SELECT o.type AS kind, o.identity AS name, n.nspname AS schema, made.sql
  FROM made CROSS JOIN LATERAL pg_catalog.pg_identify_object(made.classid, made.objid, 0) o
  LEFT JOIN pg_catalog.pg_extension e ON made.classid = ${catalog('pg_extension')} AND e.oid = made.objid
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace OR pg_catalog.quote_ident(n.nspname) = o.schema
  WHERE made.sql IS NOT NULL
  ORDER BY 1, 2`;

/** In no order that they could be made in. The session's search_path must be empty, so that names are written in full. */
export const readStandIns = async (client: pg.Client, schemaOids: SchemaOids): Promise<StandIn[]> =>
  (await client.query<StandIn>(STAND_INS, [schemaOids])).rows;
