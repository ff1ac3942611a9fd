import { createHash } from 'node:crypto';
import type pg from 'pg';
import { copyText } from '../session/copy-text.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { type ColumnName, readColumns } from './own-columns.ts';

/**
 * The digest that the engine takes of a table's text while it copies it, taken again of the restored table: see
 * `adapters/postgres/catalog/comparable-text.ts`. The session must have the settings of `session/copy-settings.ts`.
 */
export interface TextDigest {
  readonly rows: number;
  /** Hex. */
  readonly sha256: string;
}

/** Names of the columns that a dump holds, in their order. */
export const readCopiedColumns = (
  client: pg.Client,
  schemas: readonly string[],
  without?: readonly ColumnName[],
) => readColumns(client, schemas, 'a.attnum', without);

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
