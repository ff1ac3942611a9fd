import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import { qualified } from '../sql/identifiers.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * Partitions by the hash of an enum. The hash of an enum's value depends on its OID, which differs wherever the enum is created again. So
 * pg_dump writes these rows for the partitioned table, and a restore loads them into other partitions than before. Only all partitions
 * together have as many rows as before. The same is true for an enum within an array, a row or a range, and for a `regclass` and the like,
 * but pg_dump does not know: without an option, no server accepts its rows. pg_dump's forcePartitionRootLoad:
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/bin/pg_dump/pg_dump.c
 */
const DIVIDED_ANEW = `
  WITH RECURSIVE above (part, top, depth) AS (
    SELECT c.oid, c.oid, 0 FROM pg_catalog.pg_class c WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'r'
    UNION ALL
    SELECT a.part, i.inhparent, a.depth + 1 FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.top
  ), by_oid (top, known) AS (
    SELECT p.partrelid, pg_catalog.bool_and(o.opcname = 'enum_ops')
    FROM pg_catalog.pg_partitioned_table p
    CROSS JOIN LATERAL unnest(p.partattrs::pg_catalog.int2[], p.partclass::pg_catalog.oid[]) AS k (attribute, class)
    JOIN pg_catalog.pg_opclass o ON o.oid = k.class AND o.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace
    LEFT JOIN pg_catalog.pg_attribute c ON c.attrelid = p.partrelid AND c.attnum = k.attribute
    LEFT JOIN pg_catalog.pg_type t ON t.oid = c.atttypid LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
    WHERE p.partrelid IN (SELECT a.top FROM above a) AND p.partstrat = 'h' AND (o.opcname IN ('enum_ops', 'record_ops', 'range_ops', 'multirange_ops')
      OR o.opcname = 'array_ops' AND (e.typtype IS DISTINCT FROM 'b' OR e.typname ~ '^reg')
      OR o.opcname = 'oid_ops' AND t.typname IS DISTINCT FROM 'oid')
    GROUP BY 1
  )
  SELECT DISTINCT ON (c.oid) n.nspname AS schema, c.relname AS name, tn.nspname AS "topSchema", t.relname AS "topName", b.known
  FROM by_oid b JOIN above a ON a.top = b.top
  JOIN pg_catalog.pg_class c ON c.oid = a.part JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = b.top JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  ORDER BY c.oid, a.depth DESC`;

export interface RehashedPartitions {
  /** Full name of the partitioned table whose hash divides its rows, by `tableKey` of the partition. */
  readonly under: ReadonlyMap<string, string>;
  /** pg_dump needs an option to write the rows for that table. */
  readonly mustBeTold: boolean;
}

export const readRehashedPartitions = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<RehashedPartitions> => {
  interface Row {
    readonly schema: string;
    readonly name: string;
    readonly topSchema: string;
    readonly topName: string;
    readonly known: boolean;
  }
  const { rows } = await client.query<Row>(DIVIDED_ANEW, [schemaOids]);
  const under = new Map(
    rows.map(({ schema, name, topSchema, topName }) => [
      tableKey(schema, name),
      qualified(topSchema, topName),
    ]),
  );
  return { under, mustBeTold: rows.some(({ known }) => !known) };
};
