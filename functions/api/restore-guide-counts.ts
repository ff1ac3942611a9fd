import { holdsRows } from '../../core/completion.ts';
import type { Manifest, ManifestTable } from '../../core/manifest.ts';
import { printable } from '../../core/printable.ts';
import { printedIdentifier, printedLiteral } from '../../core/printed-sql.ts';

/** Tables in one statement: with many more, a chain of UNIONs would exceed the server's stack. */
const PORTION = 200;

const fullName = ({ schema, name }: ManifestTable): string =>
  `${printedIdentifier(schema)}.${printedIdentifier(name)}`;

/** What is counted together: a table, or the partitions over which a restore distributes rows again. */
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

/** SQL that returns a row for each table whose number of rows differs from the manifest; empty if the manifest counts none. */
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
