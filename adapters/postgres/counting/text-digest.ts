import { createHash } from 'node:crypto';
import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { copyText } from '../session/copy-text.ts';
import { identifier, qualified } from '../sql/identifiers.ts';

/**
 * The digest that the engine takes of a table's text while it copies it, taken again of the restored table: see
 * `adapters/postgres/catalog/comparable-text.ts`. The session must have the settings of `session/copy-settings.ts`.
 */
export interface TextDigest {
  readonly rows: number;
  /** Hex. */
  readonly sha256: string;
}

const COLUMNS = `
  SELECT n.nspname AS schema, c.relname AS name,
    pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL) AS columns
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND c.relkind = 'r'
  GROUP BY 1, 2`;

/** Names of the columns that a dump holds, in their order, by `tableKey`. @param without those that are generated on the source, and not here */
export const readCopiedColumns = async (
  client: pg.Client,
  schemas: readonly string[],
  without: readonly {
    readonly schema: string;
    readonly name: string;
    readonly column: string;
  }[] = [],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const left = new Set(without.map((one) => `${tableKey(one.schema, one.name)} ${one.column}`));
  const { rows } = await client.query<{ schema: string; name: string; columns: string[] | null }>(
    COLUMNS,
    [schemas],
  );
  return new Map(
    rows.map(({ schema, name, columns }) => {
      const key = tableKey(schema, name);
      return [key, (columns ?? []).filter((column) => !left.has(`${key} ${column}`))];
    }),
  );
};

/** @throws the driver's errors */
export const digestText = async (
  client: pg.Client,
  { schema, name }: { readonly schema: string; readonly name: string },
  columns: readonly string[],
): Promise<TextDigest> => {
  const hash = createHash('sha256');
  let rows = 0;
  // A table without columns has no list of them.
  const list = columns.length ? ` (${columns.map(identifier).join(', ')})` : '';
  const sql = `COPY ${qualified(schema, name)}${list} TO STDOUT`;
  for await (const piece of copyText(client, sql, (count) => {
    rows = count;
  })) {
    hash.update(piece);
  }
  return { rows, sha256: hash.digest('hex') };
};
