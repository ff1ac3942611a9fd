import type pg from 'pg';
import type { LeftOut } from '../../../core/manifest.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import {
  type ExtensionRows,
  type ExtensionSchema,
  readExtensionSchemas,
  readExtensionTables,
} from './extension-objects.ts';
import { catalog, FIRST_NORMAL_OID, MEMBERS } from './outside-dependencies.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * Objects that belong to the schema's objects but to no schema, and so are in no dump of a schema: pg_dump writes casts, event triggers,
 * publications and the like only with a whole database ("include_everything" in its source). Objects that an extension or a type of the
 * schema creates by itself, such as the cast of a range to its multirange, are not listed.
 */
const LEFT_OUT = `
  WITH ${MEMBERS}
  SELECT o.type AS kind, o.identity AS name, (pg_catalog.array_agg(DISTINCT s.identity))[1:20] AS "belongsTo"
  FROM members m
  JOIN pg_catalog.pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid,
    LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) o,
    LATERAL pg_catalog.pg_identify_object(m.shownclass, m.shown, 0) s
  WHERE d.objid >= ${FIRST_NORMAL_OID}
    AND d.classid IN (${['pg_cast', 'pg_transform', 'pg_event_trigger', 'pg_am', 'pg_language', 'pg_foreign_data_wrapper'].map(catalog).join(', ')})
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i')
    )
  GROUP BY o.type, o.identity`;

/** Publications FOR ALL TABLES include a restored table without a change. */
const PUBLICATIONS = `
  SELECT 'publication' AS kind, pg_catalog.quote_ident(p.pubname) AS name,
    (pg_catalog.array_agg(DISTINCT (pg_catalog.pg_identify_object(${catalog('pg_class')}, c.oid, 0)).identity))[1:20] AS "belongsTo"
  FROM pg_catalog.pg_publication p
  JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
  JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
  WHERE r.prrelid = ANY (ARRAY(${membersIn('pg_class')})) GROUP BY 2`;

/** FOR TABLES IN SCHEMA; the catalog exists from PostgreSQL 15 on. */
const SCHEMA_PUBLICATIONS = `
  SELECT 'publication' AS kind, pg_catalog.quote_ident(p.pubname) AS name,
    pg_catalog.array_agg(DISTINCT pg_catalog.quote_ident(n.nspname)) AS "belongsTo"
  FROM pg_catalog.pg_publication p
  JOIN pg_catalog.pg_publication_namespace s ON s.pnpubid = p.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid
  WHERE n.oid = ANY ($1) GROUP BY 2`;

/** The subscription that fills the original does not update a restored copy. */
const SUBSCRIPTIONS = `
  SELECT 'subscription' AS kind, pg_catalog.quote_ident(u.subname) AS name,
    (pg_catalog.array_agg(DISTINCT (pg_catalog.pg_identify_object(${catalog('pg_class')}, c.oid, 0)).identity))[1:20] AS "belongsTo"
  FROM pg_catalog.pg_subscription u
  JOIN pg_catalog.pg_subscription_rel r ON r.srsubid = u.oid
  JOIN pg_catalog.pg_class c ON c.oid = r.srrelid
  WHERE r.srrelid = ANY (ARRAY(${membersIn('pg_class')})) GROUP BY 2`;

const SERVER_15 = `SELECT pg_catalog.current_setting('server_version_num')::int >= 150000 AS is`;

const isServer15 = async (client: pg.Client): Promise<boolean> =>
  (await client.query<{ is: boolean }>(SERVER_15)).rows[0]?.is ?? false;

export const readLeftOut = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<LeftOut[]> => {
  const read = async (sql: string) => (await client.query<LeftOut>(sql, [schemaOids])).rows;
  const found = await atOnce(
    client,
    () => read(LEFT_OUT),
    () => read(PUBLICATIONS),
    () => read(SUBSCRIPTIONS),
    async () => ((await isServer15(client)) ? await read(SCHEMA_PUBLICATIONS) : []),
  );
  const key = ({ kind, name }: LeftOut) => `${kind} ${name}`;
  return found.flat().sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

/** Columns that may refer to large objects, which a dump of one schema never holds. */
const LARGE_OBJECTS = `
  SELECT pg_catalog.format('%I.%I', c.relname, a.attname) AS name
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND ('pg_catalog.oid'::regtype IN (t.oid, t.typbasetype) OR t.typname = 'lo')
    AND EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
  ORDER BY 1`;

/** Tables elsewhere that inherit from the schema's without being partitions: a SELECT from the parent shows their rows too. */
const HEIRS = `
  SELECT DISTINCT (pg_catalog.pg_identify_object(${catalog('pg_class')}, c.oid, 0)).identity AS name
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = ANY (ARRAY(${membersIn('pg_class')})) AND p.relkind IN ('r', 'f') AND c.relnamespace <> ALL ($1) ORDER BY 1`;

/**
 * The schema's tables that are partitions of a parent elsewhere. pg_dump attaches them before it adds their keys and indexes. A parent that
 * has some creates them at that moment, so that pg_dump's own fail ("multiple primary keys"), and its INDEX ATTACH fails too.
 */
const ATTACHED = `
  SELECT c.relname AS name,
    EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = p.oid OFFSET 0) AS indexed
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
  WHERE i.inhrelid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relispartition AND c.relkind IN ('r', 'p', 'f') AND p.relnamespace <> ALL ($1)
  ORDER BY 1`;

/**
 * A restore fills a materialized view as its owner, who needs SELECT on what it reads, and may have lost that right since the view was
 * filled at the source.
 */
const UNFILLABLE = `
  SELECT DISTINCT c.relname AS view, o.rolname AS owner, pg_catalog.format('%I.%I', tn.nspname, t.relname) AS reads
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
  JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid
  JOIN pg_catalog.pg_depend d ON d.classid = ${catalog('pg_rewrite')} AND d.objid = w.oid AND d.refclassid = ${catalog('pg_class')}
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.oid <> c.oid AND t.relkind IN ('r', 'p', 'v', 'm', 'f')
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  WHERE w.ev_class = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'm' AND c.relispopulated
    AND NOT (pg_catalog.has_schema_privilege(o.oid, tn.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(o.oid, t.oid, 'SELECT'))
  ORDER BY 1, 3`;

interface Unfillable {
  readonly view: string;
  readonly owner: string;
  readonly reads: string;
}

export interface Loose {
  readonly unfillable: readonly Unfillable[];
  /** Tables of extensions that have rows, none of which is in the backup. */
  readonly extensionTables: readonly string[];
  readonly extensionRows: readonly ExtensionRows[];
  readonly extensionSchemas: readonly ExtensionSchema[];
  readonly largeObjectColumns: readonly string[];
  readonly heirs: readonly string[];
  readonly attached: readonly { readonly name: string; readonly indexed: boolean }[];
}

export const readLoose = async (client: pg.Client, schemaOids: SchemaOids): Promise<Loose> => {
  const names = async (sql: string) =>
    (await client.query<{ name: string }>(sql, [schemaOids])).rows.map(({ name }) => name);
  const [unfillable, tables, extensionSchemas, largeObjectColumns, heirs, attached] = await atOnce(
    client,
    () => client.query<Unfillable>(UNFILLABLE, [schemaOids]),
    () => readExtensionTables(client, schemaOids),
    () => readExtensionSchemas(client, schemaOids),
    () => names(LARGE_OBJECTS),
    () => names(HEIRS),
    () => client.query<Loose['attached'][number]>(ATTACHED, [schemaOids]),
  );
  return {
    ...tables,
    unfillable: unfillable.rows,
    extensionSchemas,
    largeObjectColumns,
    heirs,
    attached: attached.rows,
  };
};
