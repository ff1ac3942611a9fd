import type pg from 'pg';
import { type ManifestSequence, tableKey } from '../../../core/manifest.ts';
import {
  type NamedObjects,
  readNames,
  readSequences,
  readTables,
  type TableFacts,
} from '../catalog/schema-contents.ts';

/** What is there, read by the very queries that made the manifest. */
export interface RestoredContents {
  readonly schemaOids: readonly string[];
  /** By `tableKey`, as are the others. */
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** Materialized views, and whether they have been filled. */
  readonly populated: ReadonlyMap<string, boolean>;
  readonly sequences: ReadonlyMap<string, ManifestSequence>;
  readonly names: NamedObjects;
}

const OIDS =
  'SELECT oid::text AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) ORDER BY oid';

export const readRestored = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<RestoredContents> => {
  const found = await client.query<{ oid: string }>(OIDS, [schemas]);
  const schemaOids = found.rows.map(({ oid }) => oid);
  const tables = await readTables(client, schemaOids);
  const byKey = <T extends { readonly schema: string; readonly name: string }>(all: readonly T[]) =>
    new Map(all.map((one) => [tableKey(one.schema, one.name), one]));
  return {
    schemaOids,
    tables: byKey(tables),
    populated: new Map(
      tables
        .filter(({ kind }) => kind === 'materialized-view')
        .map(({ schema, name, populated }) => [tableKey(schema, name), populated]),
    ),
    sequences: byKey(await readSequences(client, schemaOids)),
    names: await readNames(client, schemaOids),
  };
};
