import type { Manifest } from '../../core/manifest.ts';
import { identifier, literal } from './restore-guide-text.ts';

/** Tables in one statement: with many more, a server's stack of UNIONs would end. */
const PORTION = 200;

/** SQL that gives a row for each table whose rows are not as many as the manifest says; empty where it counts none. */
export const countsQuery = ({ tables }: Manifest): string => {
  const counted = tables.filter(({ rows }) => rows !== null);
  const statements: string[] = [];
  for (let from = 0; from < counted.length; from += PORTION) {
    const parts = counted.slice(from, from + PORTION).map(({ schema, name, rows }) => {
      const table = `${identifier(schema)}.${identifier(name)}`;
      return `  SELECT ${literal(table)}, ${rows}::bigint, (SELECT pg_catalog.count(*) FROM ONLY ${table})`;
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
