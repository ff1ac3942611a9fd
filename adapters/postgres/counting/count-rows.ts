import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { tableKey } from '../../../core/manifest.ts';
import type { Comparison } from '../../../core/verification.ts';
import { wayOf } from '../catalog/counting-methods.ts';
import type { Beginning } from '../catalog/inventory.ts';
import { queryFailure } from '../session/server-errors.ts';
import { fixText } from '../session/text-settings.ts';
import { countMaterializedView } from './count-materialized-view.ts';
import { countTable } from './count-table.ts';
import { type CountedRows, readHashedColumns } from './row-hash.ts';

export interface Counting extends Pick<Beginning, 'countable' | 'ways'> {
  readonly schemas: readonly string[];
  readonly compare: Comparison;
  readonly lockTimeoutMs: number;
}

/** Counts the tables one after the other, in the holder's snapshot. */
export const countRows = async (
  holder: pg.Client,
  { countable, ways, schemas, compare, lockTimeoutMs }: Counting,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CountedRows>> => {
  const rows = new Map<string, CountedRows>();
  const columns = compare === 'rows' ? await hashedColumns(holder, schemas) : undefined;
  for (const table of countable) {
    signal.throwIfAborted();
    const key = tableKey(table.schema, table.name);
    const way = wayOf(ways, table);
    const counting =
      table.kind === 'materialized-view'
        ? countMaterializedView(holder, table, way, lockTimeoutMs)
        : countTable(holder, table, way, columns?.get(key));
    const counted = await counting.catch((error: unknown) => {
      throw queryFailure(error, `counting the rows of ${quoted(table.name)}`);
    });
    if (counted) rows.set(key, counted);
  }
  return rows;
};

const hashedColumns = async (holder: pg.Client, schemas: readonly string[]) => {
  await fixText(holder);
  return await readHashedColumns(holder, schemas);
};
