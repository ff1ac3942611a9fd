import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import { qualified } from '../names.ts';
import type { SchemaOids } from './contents.ts';

/**
 * Partitions by the hash of an enum. What an enum's value hashes to hangs on its OID, which is another one wherever it is made anew: so pg_dump
 * writes these rows for the partitioned table, and they come back into other partitions than they were in. Only together they
 * have as many rows as before.
 * pg_dump's forcePartitionRootLoad: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/bin/pg_dump/pg_dump.c
 */
const DIVIDED_ANEW = `
  WITH RECURSIVE below (top, part, depth) AS (
    SELECT p.partrelid, p.partrelid, 0
    FROM pg_catalog.pg_partitioned_table p
    WHERE EXISTS (
      SELECT FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am a ON a.oid = o.opcmethod
      WHERE o.oid = ANY (p.partclass::pg_catalog.oid[]) AND o.opcname = 'enum_ops'
        AND o.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace AND a.amname = 'hash')
    UNION ALL
    SELECT b.top, i.inhrelid, b.depth + 1
    FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.part
  )
  SELECT DISTINCT ON (c.oid) n.nspname AS schema, c.relname AS name, tn.nspname AS "topSchema", t.relname AS "topName"
  FROM below b
  JOIN pg_catalog.pg_class c ON c.oid = b.part JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = b.top JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  WHERE n.oid = ANY ($1) AND c.relkind = 'r'
  ORDER BY c.oid, b.depth DESC`;

/** Full name of the partitioned table that its rows are divided under, by `tableKey` of the partition. */
export type DividedAnew = ReadonlyMap<string, string>;

export const readDividedAnew = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<DividedAnew> => {
  interface Row {
    readonly schema: string;
    readonly name: string;
    readonly topSchema: string;
    readonly topName: string;
  }
  const { rows } = await client.query<Row>(DIVIDED_ANEW, [schemaOids]);
  return new Map(
    rows.map(({ schema, name, topSchema, topName }) => [
      tableKey(schema, name),
      qualified(topSchema, topName),
    ]),
  );
};
