import type pg from 'pg';
import type { SuperuserObject } from '../../../core/manifest.ts';
import { catalog } from './outside-dependencies.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * Objects that only a superuser may create: base types, functions in languages that are not trusted or that may be pushed below a security
 * barrier, aggregates with an internal state, operator classes and families, parsers and templates of text search. PostgreSQL checks it in
 * DefineType, CreateFunction, DefineAggregate, DefineOpClass, DefineOpFamily and DefineTSParser (src/backend/commands).
 * A setting that only a superuser may make is not among them, because a library that is not loaded may have defined it.
 */
const OWN = (name: string, oid: string): string => `
  ${oid} = ANY (ARRAY(${membersIn(name)})) AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ${catalog(name)} AND d.objid = ${oid} AND d.deptype IN ('e', 'i') OFFSET 0)`;

const NO_TABLES = `NULL::pg_catalog.jsonb AS tables`;

const plain = (kind: string, name: string, prefix: string): string => `
  SELECT '${kind}', n.nspname, o.${prefix}name, ${NO_TABLES} FROM pg_catalog.${name} o JOIN pg_catalog.pg_namespace n ON n.oid = o.${prefix}namespace
  WHERE ${OWN(name, 'o.oid')}`;

/** Types that are made of a base type: arrays, domains, ranges and composite types. */
const REACHED = `
  SELECT t.oid AS base, t.oid AS type FROM pg_catalog.pg_type t WHERE (t.typtype = 'b' OR NOT t.typisdefined) AND ${OWN('pg_type', 't.oid')}
  UNION SELECT r.base, next.type FROM reached r, LATERAL (
    SELECT d.objid AS type FROM pg_catalog.pg_depend d
      WHERE d.refclassid = ${catalog('pg_type')} AND d.refobjid = r.type AND d.classid = ${catalog('pg_type')}
    UNION ALL SELECT c.reltype FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
      WHERE d.refclassid = ${catalog('pg_type')} AND d.refobjid = r.type AND d.classid = ${catalog('pg_class')} AND c.relkind = 'c'
  ) next`;

/** Tables of these schemas that have a column of such a type. */
const TABLES = `
  SELECT pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_object('schema', tn.nspname, 'name', c.relname))
  FROM reached r
  JOIN pg_catalog.pg_depend d ON d.refclassid = ${catalog('pg_type')} AND d.refobjid = r.type AND d.classid = ${catalog('pg_class')}
  JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'f') JOIN pg_catalog.pg_namespace tn ON tn.oid = c.relnamespace
  WHERE r.base = t.oid AND c.relnamespace = ANY ($1)`;

const SUPERUSER_OBJECTS = `
  WITH RECURSIVE reached AS (${REACHED})
  SELECT 'type' AS kind, n.nspname AS schema, t.typname AS name, (${TABLES}) AS tables
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = ANY (ARRAY(SELECT r.base FROM reached r))
  UNION ALL
  SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname, p.proname, ${NO_TABLES}
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
  WHERE ${OWN('pg_proc', 'p.oid')} AND CASE WHEN p.prokind = 'a'
    THEN 'pg_catalog.internal'::pg_catalog.regtype IN (a.aggtranstype, a.aggmtranstype)
    ELSE NOT l.lanpltrusted OR p.proleakproof OR p.prosupport::pg_catalog.oid <> 0 END
  UNION ALL ${plain('operator class', 'pg_opclass', 'opc')}
  UNION ALL ${plain('operator family', 'pg_opfamily', 'opf')}
  UNION ALL ${plain('text search parser', 'pg_ts_parser', 'prs')}
  UNION ALL ${plain('text search template', 'pg_ts_template', 'tmpl')}
  ORDER BY 1, 2, 3`;

export const readSuperuserObjects = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<SuperuserObject[]> =>
  (
    await client.query<SuperuserObject & { tables: SuperuserObject['tables'] | null }>(
      SUPERUSER_OBJECTS,
      [schemaOids],
    )
  ).rows.map(({ tables, ...one }) => ({ ...one, ...(tables && { tables }) }));
