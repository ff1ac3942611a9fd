import { holdsRows } from '../../core/completion.ts';
import type { Manifest, ManifestTable } from '../../core/manifest.ts';
import { printable } from '../../core/printable.ts';
import { printedIdentifier, printedLiteral } from '../../core/printed-sql.ts';

/** Tables in one statement: with many more, a server's stack of UNIONs would end. */
const PORTION = 200;

const fullName = ({ schema, name }: ManifestTable): string =>
  `${printedIdentifier(schema)}.${printedIdentifier(name)}`;

/** What is counted as one: a table, or the partitions whose rows a restore divides anew. */
const units = (tables: readonly ManifestTable[]): ReadonlyMap<string, readonly ManifestTable[]> => {
  const all = new Map<string, ManifestTable[]>();
  for (const table of tables.filter(holdsRows)) {
    const { dividedUnder } = table;
    const unit =
      dividedUnder === undefined ? fullName(table) : `the partitions of ${dividedUnder} together`;
    const known = all.get(unit);
    if (known) known.push(table);
    else all.set(unit, [table]);
  }
  return all;
};

const countOf = (table: ManifestTable): string =>
  `(SELECT pg_catalog.count(*) FROM ONLY ${fullName(table)})`;

/** SQL that gives a row for each table whose rows are not as many as the manifest says; empty where it counts none. */
export const countsQuery = ({ tables }: Manifest): string => {
  const counted = [...units(tables)];
  const statements: string[] = [];
  for (let from = 0; from < counted.length; from += PORTION) {
    const parts = counted.slice(from, from + PORTION).map(([unit, members]) => {
      const rows = members.reduce((sum, one) => sum + (one.rows ?? 0), 0);
      return `  SELECT ${printedLiteral(printable(unit))}, ${rows}::bigint, ${members.map(countOf).join('\n    + ')}`;
    });
    statements.push(
      [
        'SELECT name, expected, found FROM (',
        parts.join('\n  UNION ALL\n'),
        ') AS counted (name, expected, found) WHERE expected <> found;',
      ].join('\n'),
    );
  }
  return statements.join('\n');
};
