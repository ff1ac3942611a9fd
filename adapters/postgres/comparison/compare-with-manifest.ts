import type pg from 'pg';
import { hasDigest, holdsRows } from '../../../core/completion.ts';
import { type Manifest, schemasIn } from '../../../core/manifest.ts';
import { majorOfVersion } from '../../../core/programs.ts';
import type { Comparison, VerificationResult } from '../../../core/verification.ts';
import { readCountingWays } from '../catalog/counting-methods.ts';
import { membersIn } from '../catalog/schema-members.ts';
import { compareAttached } from './attached-partitions.ts';
import { type ComparisonRequest, isNamed } from './comparison-request.ts';
import { Differences } from './differences.ts';
import { leftOutKeys, withoutLost } from './left-out-keys.ts';
import type { ComparisonNote } from './notes.ts';
import { compareObjects } from './objects.ts';
import { readRestored } from './read-restored.ts';
import { reportedKeys } from './reported-objects.ts';
import { compareMaterialized, compareRows } from './rows.ts';
import { compareSequences } from './sequences.ts';

export interface Compared
  extends Pick<VerificationResult, 'differences' | 'differenceCount' | 'checked'> {
  readonly notes: readonly ComparisonNote[];
}

const FOREIGN_KEYS = `
  SELECT pg_catalog.count(*)::int AS keys FROM pg_catalog.pg_constraint k
  WHERE k.conrelid = ANY (ARRAY(${membersIn('pg_class')})) AND k.contype = 'f' AND k.conparentid = 0 AND k.convalidated`;

/** Which parts of the rows' contents are not compared. */
const notesOnRows = (
  { tables, options }: Manifest,
  compare: Comparison,
): readonly ComparisonNote[] => {
  const holding = tables.filter(holdsRows);
  const isSchema = options.content === 'schema';
  const definitionsOnly: ComparisonNote[] = isSchema ? [{ kind: 'no-rows' }] : [];
  const without = holding.filter((table) => !hasDigest(table)).length;
  if (compare === 'counts') {
    const hashed = without < holding.length;
    return isSchema || !holding.length
      ? definitionsOnly
      : [{ kind: 'rows-counted-only', hashed }, ...definitionsOnly];
  }
  if (!without) return definitionsOnly;
  const some = without < holding.length && { tables: without };
  return [{ kind: 'rows-without-hash', ...some }, ...definitionsOnly];
};

/**
 * Compares the restored objects with the backup's manifest, under the backup's own schema names: in the transaction of a restore, and on
 * the scratch server of a verification. It only reads.
 *
 * @param client in a transaction that may read all restored objects, with an empty search_path
 */
export const compareWithManifest = async (
  client: pg.Client,
  request: ComparisonRequest,
): Promise<Compared> => {
  const { manifest, rows: compare, chosen, unfinished = [] } = request;
  const found = new Differences();
  const contents = await readRestored(client, schemasIn(manifest), request.isRestored);
  const { schemaOids, serverMajor } = contents;
  const isOtherMajor = serverMajor !== majorOfVersion(manifest.source.serverVersion);
  const leftOut = withoutLost(request.leftOut ?? [], manifest.functions, contents.names.functions);
  const { absent, changed } = await leftOutKeys(client, leftOut, manifest);
  const reported = await reportedKeys(client, unfinished, manifest, schemaOids);
  const excused = new Set([...reported, ...changed]);
  const objects = await compareObjects(
    client,
    contents,
    { ...request, leftOut, isOtherMajor, excused, absent },
    found,
  );
  const ways = await readCountingWays(client, schemaOids);
  const tables = manifest.tables.filter((table) => !chosen || isNamed(chosen, table));
  const rowsRequest = { ...request, tables, ways };
  const rows = await compareRows(client, rowsRequest, contents, found);
  const sequences =
    manifest.options.content === 'full'
      ? await compareSequences(client, contents, manifest, found)
      : { compared: 0, notes: [] };
  const materialized = await compareMaterialized(client, rowsRequest, contents, found);
  if (objects.byName) {
    for (const line of await compareAttached(client, request, contents)) found.add(line);
  }
  const keys = await client.query<{ keys: number }>(FOREIGN_KEYS, [schemaOids]);
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
    notes: [
      ...notesOnRows(manifest, compare),
      ...objects.notes,
      ...sequences.notes,
      ...materialized.notes,
    ],
  };
};
