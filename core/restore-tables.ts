import type { Manifest } from './manifest.ts';

/** The names of a backup from which a request may choose. */
type Named = Pick<Manifest, 'tables' | 'views' | 'sequences'>;

/**
 * Why a request cannot choose a name as a table, and what to do instead; undefined if it can. A partitioned table can be chosen, and
 * its partitions are restored with it.
 */
export const tableProblem = (
  name: string,
  { tables, views, sequences }: Named,
): string | undefined => {
  const has = (all: readonly { readonly name: string }[]): boolean =>
    all.some((one) => one.name === name);
  if (has(tables.filter(({ kind }) => kind !== 'materialized-view'))) return undefined;
  if (has(tables))
    return 'is a materialized view, whose rows come from its query: choose the tables that it reads and refresh it, or restore the whole schema beside';
  if (has(views))
    return 'is a view, which only a restore of the whole schema includes: restore the schema beside, and copy the definition from there';
  if (has(sequences))
    return 'is a sequence, which is restored with the table that owns it: choose that table, or restore the whole schema beside';
  return 'is not a table of this backup; the manifest lists its tables';
};
