import type pg from 'pg';
import { holdsRows, isTable } from '../../../core/completion.ts';
import { quoted } from '../../../core/errors/base.ts';
import { type Manifest, type ManifestTable, schemasIn, tableKey } from '../../../core/manifest.ts';
import { majorOfVersion } from '../../../core/programs.ts';
import type { Comparison } from '../../../core/verification.ts';
import type { ScratchRestoreResult } from '../../../core/verification-ports.ts';
import { type CountingWays, readCountingWays, wayOf } from '../catalog/counting-methods.ts';
import { readRehashedPartitions } from '../catalog/rehashed-partitions.ts';
import { countTable } from '../counting/count-table.ts';
import { readHashedColumns, sumOfHashes } from '../counting/row-hash.ts';
import { fixText } from '../session/text-settings.ts';
import { Differences } from './differences.ts';
import { compareObjects, type LeftOutKey } from './objects.ts';
import { type RestoredContents, readRestored } from './read-restored.ts';
import { compareSequences } from './sequences.ts';

/** Compares a database that a backup was brought back into with the backup's manifest. It reads, and changes nothing. */
export interface ComparisonRequest {
  readonly manifest: Manifest;
  readonly compare: Comparison;
  readonly serverMajor: number;
  /** Foreign keys that were left out, since they lead to tables outside. */
  readonly leftOutKeys: readonly LeftOutKey[];
  /** True where owners and grants were restored, all of them: they are compared then. */
  readonly accessKept?: boolean;
  /** Materialized views that could not be filled here, which is no fault of theirs. */
  readonly unfilled?: readonly Unfilled[];
  /** Definitions that are known to be other than they were, as `kind name`. */
  readonly excused?: ReadonlySet<string>;
  /** Columns whose values are not those of the backup: they are left out of the rows' hashes, as the backup's own hash leaves them out. */
  readonly notHashed?: readonly (Pick<ManifestTable, 'schema' | 'name'> & {
    readonly column: string;
  })[];
  readonly signal: AbortSignal;
}

export interface Unfilled extends Pick<ManifestTable, 'schema' | 'name'> {
  readonly why: string;
}

export type Compared = Pick<
  ScratchRestoreResult,
  'differences' | 'differenceCount' | 'checked' | 'notChecked'
>;

const named = ({ schema, name }: Pick<ManifestTable, 'schema' | 'name'>): string =>
  `${quoted(schema)}.${quoted(name)}`;

interface RowsCompared {
  readonly tables: number;
  readonly rows: number;
  readonly hashedTables: number;
}

interface Rows {
  readonly rows: number;
  readonly hash?: string | undefined;
}

const differenceOf = (what: string, was: Rows, is: Rows): string | undefined => {
  if (is.rows !== was.rows) return `${what} ${is.rows} rows, and had ${was.rows}`;
  if (is.hash === undefined || was.hash === undefined || is.hash === was.hash) return undefined;
  return `${what} its ${is.rows} rows, but not all hold what they held`;
};

const together = (tables: readonly Rows[]): Rows => ({
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  hash: sumOfHashes(tables.map(({ hash }) => hash)),
});

/**
 * As the export counted, so that what it could count can be counted here. A hash that the backup has was taken by a query, which works
 * here as well: nothing but the backup is on this server.
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

const compareRows = async (
  client: pg.Client,
  { manifest, compare, notHashed = [], signal }: ComparisonRequest,
  { tables: there, schemaOids }: RestoredContents,
  ways: CountingWays,
  found: Differences,
): Promise<RowsCompared> => {
  const columns =
    compare === 'rows'
      ? await readHashedColumns(client, schemasIn(manifest), notHashed)
      : undefined;
  const { under } = await readRehashedPartitions(client, schemaOids);
  const shared = new Map<string, { was: Rows; is: Rows }[]>();
  const add = (difference: string | undefined): void => {
    if (difference !== undefined) found.add(difference);
  };
  const done = { tables: 0, rows: 0, hashedTables: 0 };
  // That one is missing is said with the other objects.
  const isThere = ({ schema, name }: ManifestTable): boolean => there.has(tableKey(schema, name));
  done.tables = manifest.tables.filter((table) => isTable(table) && isThere(table)).length;
  for (const table of manifest.tables.filter(holdsRows)) {
    signal.throwIfAborted();
    if (!isThere(table)) continue;
    const key = tableKey(table.schema, table.name);
    const hashed = table.rowHash === undefined ? undefined : columns?.get(key);
    const counted = await countAgain(client, table, ways, hashed);
    done.rows += counted.rows;
    if (hashed) done.hashedTables += 1;
    const was = { rows: table.rows ?? 0, hash: table.rowHash };
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

/** Its rows come from tables that were compared, and may have been out of date at home; that it could be filled is what counts. */
const compareMaterialized = async (
  client: pg.Client,
  { manifest, unfilled = [] }: ComparisonRequest,
  populated: ReadonlyMap<string, boolean>,
  ways: CountingWays,
  found: Differences,
): Promise<{ views: number; notes: string[] }> => {
  const notes: string[] = [];
  const views = manifest.tables.filter(
    ({ kind, rows, uncounted, schema, name }) =>
      kind === 'materialized-view' &&
      (rows !== null || uncounted) &&
      populated.has(tableKey(schema, name)),
  );
  if (manifest.options.content === 'schema') return { views: 0, notes };
  let filled = 0;
  for (const view of views) {
    const excused = unfilled.find(
      ({ schema, name }) => schema === view.schema && name === view.name,
    );
    if (excused && !populated.get(tableKey(view.schema, view.name))) {
      notes.push(`materialized view ${named(view)}: it was not filled here, since ${excused.why}`);
      continue;
    }
    filled += 1;
    if (!populated.get(tableKey(view.schema, view.name))) {
      found.add(`materialized view ${named(view)} was not filled`);
      continue;
    }
    if (view.rows === null) {
      notes.push(
        `materialized view ${named(view)}: it is filled, but its rows were counted neither at the source nor here`,
      );
      continue;
    }
    const rows = (await countTable(client, view, wayOf(ways, view)))?.rows;
    if (rows === undefined || rows === view.rows) continue;
    notes.push(
      `materialized view ${named(view)}: it has ${rows} rows once refreshed, and had ${view.rows}; it may have been out of date, or be fed from outside the schema`,
    );
  }
  return { views: filled, notes };
};

const FOREIGN_KEYS = `
  SELECT pg_catalog.count(*)::int AS keys FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
  WHERE n.nspname = ANY ($1) AND k.contype = 'f' AND k.conparentid = 0 AND k.convalidated`;

/** @param client with nothing on its search_path, in no transaction, allowed to read all tables */
export const compareWithManifest = async (
  client: pg.Client,
  request: ComparisonRequest,
): Promise<Compared> => {
  const { manifest, compare, serverMajor } = request;
  const found = new Differences();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await fixText(client);
    const contents = await readRestored(client, schemasIn(manifest));
    const objects = await compareObjects(client, contents, request, found);
    const ways = await readCountingWays(client, contents.schemaOids);
    const rows = await compareRows(client, request, contents, ways, found);
    const sequences =
      manifest.options.content === 'schema'
        ? { compared: 0, notes: [] }
        : await compareSequences(client, contents, manifest, found);
    const materialized = await compareMaterialized(
      client,
      request,
      contents.populated,
      ways,
      found,
    );
    const keys = await client.query<{ keys: number }>(FOREIGN_KEYS, [schemasIn(manifest)]);
    return {
      differences: found.lines,
      differenceCount: found.count,
      checked: {
        ...rows,
        objects: objects.compared,
        sequences: sequences.compared,
        foreignKeys: keys.rows[0]?.keys ?? 0,
        materializedViews: materialized.views,
      },
      notChecked: [
        ...(compare === 'rows' ? unhashed(manifest) : countedOnly(manifest)),
        ...(manifest.options.content === 'schema'
          ? ['rows: the backup holds definitions only']
          : []),
        ...(serverMajor === majorOfVersion(manifest.source.serverVersion)
          ? []
          : [
              `definitions: only their names were compared, since the scratch server is PostgreSQL ${serverMajor} and the source was ${manifest.source.serverVersion}`,
            ]),
        ...objects.notes,
        ...sequences.notes,
        ...materialized.notes,
      ],
    };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
};

const countedOnly = ({ tables, options }: Manifest): string[] =>
  options.content === 'schema' || !tables.some(holdsRows)
    ? []
    : [
        `rows' contents: they were counted and not compared; verify with "compare": "rows" for that${tables.some(({ rowHash }) => rowHash !== undefined) ? '' : ', and take the backups to come with export.compare "rows"'}`,
      ];

const unhashed = ({ tables }: Manifest): string[] => {
  const without = tables.filter((table) => holdsRows(table) && table.rowHash === undefined);
  if (!without.length) return [];
  return [
    `rows' contents of ${without.length === tables.filter(holdsRows).length ? 'all' : without.length} tables: the backup has no hash of them; set export.compare to "rows" for those to come`,
  ];
};
