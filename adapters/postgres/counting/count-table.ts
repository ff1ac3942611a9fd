import type pg from 'pg';
import type { CountingWay } from '../catalog/counting-methods.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { type CountedRows, countByQuery } from './row-hash.ts';

export interface TableToCount {
  readonly schema: string;
  readonly name: string;
}

/**
 * The driver discards the bytes as they arrive, and keeps the number in the server's command tag.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COMMANDCOMPLETE
 */
const countByCopy = async (
  client: pg.Client,
  { schema, name }: TableToCount,
  column: string | null,
): Promise<number> => {
  const columns = column === null ? '' : ` (${identifier(column)})`;
  const copied = await client.query(`COPY ${qualified(schema, name)}${columns} TO STDOUT`);
  if (copied.rowCount === null) throw new Error('the server did not say how many rows it copied');
  return copied.rowCount;
};

/**
 * Counts the exact rows of one table (without those of inheriting tables) or materialized view, in the way that `readCountingWays` found
 * for it. Also hashes the rows if `columns` are given and a query counts the table.
 *
 * @returns undefined if there is no way to count it
 * @throws the driver's errors
 */
export const countTable = async (
  client: pg.Client,
  table: TableToCount,
  way: CountingWay,
  columns?: readonly string[],
): Promise<CountedRows | undefined> => {
  if (way.by === 'nothing') return undefined;
  if (way.by === 'copy') return { rows: await countByCopy(client, table, way.column) };
  return await countByQuery(client, table, columns);
};
