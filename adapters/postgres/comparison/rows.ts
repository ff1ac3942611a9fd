import type pg from 'pg';
import { holdsRows, isTable } from '../../../core/completion.ts';
import { type ManifestTable, schemasIn, tableKey } from '../../../core/manifest.ts';
import { type CountingWays, wayOf } from '../catalog/counting-methods.ts';
import { readRehashedPartitions } from '../catalog/rehashed-partitions.ts';
import { countTable } from '../counting/count-table.ts';
import { readHashedColumns, sumOfHashes } from '../counting/row-hash.ts';
import { digestText, readCopiedColumns } from '../counting/text-digest.ts';
import { fixCopyText } from '../session/copy-settings.ts';
import type { ComparisonRequest } from './comparison-request.ts';
import type { Differences } from './differences.ts';
import { type ComparisonNote, named } from './notes.ts';
import type { RestoredContents } from './read-restored.ts';

/** Compares the rows of tables, by their number or also by a hash, and checks whether materialized views are filled. */
interface RowsRequest extends Omit<ComparisonRequest, 'objects'> {
  /** Those of the manifest that are compared. */
  readonly tables: readonly ManifestTable[];
  readonly ways: CountingWays;
}

export interface RowsCompared {
  readonly tables: number;
  readonly rows: number;
  readonly hashedTables: number;
}

interface Rows {
  readonly rows: number;
  readonly hash?: string | undefined;
  /** SHA-256 of COPY's text. */
  readonly text?: string | undefined;
}

const differenceOf = (what: string, was: Rows, is: Rows): string | undefined => {
  if (is.rows !== was.rows) return `${what} ${is.rows} rows, and had ${was.rows}`;
  if (isSame(was.hash, is.hash) && isSame(was.text, is.text)) return undefined;
  return `${what} its ${is.rows} rows, but the contents of some have changed`;
};

/** What is unknown is not compared. */
const isSame = (was: string | undefined, is: string | undefined): boolean =>
  was === undefined || is === undefined || was === is;

const together = (tables: readonly Rows[]): Rows => ({
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  hash: sumOfHashes(tables.map(({ hash }) => hash)),
});

/**
 * Counts as the export did, so that all that it could count can be counted here. A hash in the backup was computed by a query, which works
 * here too: a server where hashes are compared holds nothing but the backup.
 */
const countAgain = async (
  client: pg.Client,
  table: ManifestTable,
  ways: CountingWays,
  columns: readonly string[] | undefined,
): Promise<Rows> => {
  const way = columns ? ({ by: 'query' } as const) : wayOf(ways, table);
  return (await countTable(client, table, way, columns)) ?? { rows: table.rows ?? 0 };
};

const textAgain = async (
  client: pg.Client,
  table: ManifestTable,
  columns: readonly string[],
): Promise<Rows> => {
  const { rows, sha256 } = await digestText(client, table, columns);
  return { rows, text: sha256 };
};

/** The digest of its text that the engine has taken, if the restored table's text has the same one. */
const comparableText = ({ copied }: ManifestTable): string | undefined =>
  copied?.comparable ? copied.sha256 : undefined;

/** Columns whose text is compared, by `tableKey`; empty if no table's is. */
const columnsOfText = async (
  client: pg.Client,
  { manifest, tables, rows: compare }: RowsRequest,
  changed: Parameters<typeof readCopiedColumns>[2],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  if (compare === 'counts' || !tables.some(comparableText)) return new Map();
  await fixCopyText(client);
  return await readCopiedColumns(client, schemasIn(manifest), changed);
};

/** Missing tables are reported with the other objects. */
export const compareRows = async (
  client: pg.Client,
  request: RowsRequest,
  { relations, schemaOids }: RestoredContents,
  found: Differences,
): Promise<RowsCompared> => {
  const { manifest, tables, rows: compare, unfinished = [], ways, signal } = request;
  const changed = unfinished.flatMap(({ columns = [] }) => columns);
  const columns =
    compare === 'rows' ? await readHashedColumns(client, schemasIn(manifest), changed) : undefined;
  const textColumns = await columnsOfText(client, request, changed);
  const { under } = await readRehashedPartitions(client, schemaOids);
  const shared = new Map<string, { was: Rows; is: Rows }[]>();
  const add = (difference: string | undefined): void => {
    if (difference !== undefined) found.add(difference);
  };
  const there = tables.filter(({ schema, name }) => relations.has(tableKey(schema, name)));
  const done = { tables: there.filter(isTable).length, rows: 0, hashedTables: 0 };
  for (const table of there.filter(holdsRows)) {
    signal.throwIfAborted();
    const key = tableKey(table.schema, table.name);
    const hashed = table.rowHash === undefined ? undefined : columns?.get(key);
    const text = comparableText(table);
    const copied = text === undefined || under.has(key) ? undefined : textColumns.get(key);
    const counted = copied
      ? await textAgain(client, table, copied)
      : await countAgain(client, table, ways, hashed);
    done.rows += counted.rows;
    if (hashed || copied) done.hashedTables += 1;
    const was = { rows: table.rows ?? 0, hash: table.rowHash, text };
    const top = under.get(key);
    if (top === undefined) add(differenceOf(`table ${named(table)} has`, was, counted));
    else shared.set(top, [...(shared.get(top) ?? []), { was, is: counted }]);
  }
  for (const [top, parts] of shared) {
    const was = together(parts.map((part) => part.was));
    const is = together(parts.map((part) => part.is));
    add(differenceOf(`the partitions of ${top} together have`, was, is));
  }
  return done;
};

/** Its rows come from tables that were compared, and may have been out of date on the source; it counts that it could be filled. */
export const compareMaterialized = async (
  client: pg.Client,
  { manifest, tables, unfilled = [], ways }: RowsRequest,
  { relations }: RestoredContents,
  found: Differences,
): Promise<{ views: number; notes: ComparisonNote[] }> => {
  const notes: ComparisonNote[] = [];
  if (manifest.options.content === 'schema') return { views: 0, notes };
  const views = tables.filter(
    ({ kind, rows, uncounted }) => kind === 'materialized-view' && (rows !== null || uncounted),
  );
  let filled = 0;
  for (const view of views) {
    const { schema, name, rows: was } = view;
    const there = relations.get(tableKey(schema, name));
    if (!there) continue;
    const excused = unfilled.find((one) => one.schema === schema && one.name === name);
    if (excused && !there.populated) {
      const { why } = excused;
      notes.push({ kind: 'view-not-filled', view, ...(why !== undefined && { why }) });
      continue;
    }
    filled += 1;
    if (!there.populated) {
      found.add(`materialized view ${named(view)} was not filled`);
      continue;
    }
    if (was === null) {
      notes.push({ kind: 'view-uncounted', view });
      continue;
    }
    const is = (await countTable(client, view, wayOf(ways, view)))?.rows;
    if (is !== undefined && is !== was) notes.push({ kind: 'view-refreshed', view, was, is });
  }
  return { views: filled, notes };
};
