import type { Manifest, OperatorBinding } from '../../core/manifest.ts';
import { printedIdentifier } from '../../core/printed-sql.ts';
import { shellWord } from '../../core/shell-word.ts';
import { heredoc, inline, lines } from './restore-guide-text.ts';

/**
 * pg_dump writes for an empty search_path. There `JOIN ... USING`, `CASE x WHEN y`, `IS DISTINCT FROM` and `NULLIF` find no operator outside
 * pg_catalog, or a wrong one. A restore by hand reads the whole file with the schemas of those operators on the path, after pg_catalog.
 */
export const PATH_FILE = './larder-path.sql';

const NAMED = 20;

const unqualified = ({ operatorBindings = [], options }: Manifest): readonly OperatorBinding[] =>
  options.content === 'data' ? [] : operatorBindings.filter((one) => one.unqualified);

export const needsPath = (manifest: Manifest): boolean => unqualified(manifest).length > 0;

/** Writes a file that sets the search_path, and copies an SQL file without pg_dump's own line for it, which comes before all names and rows. */
export const withPath = (manifest: Manifest, sql: string, mark: string): readonly string[] => {
  const schemas = unqualified(manifest).flatMap(({ operators }) =>
    operators.map(({ schema }) => schema),
  );
  const path = ['pg_catalog', ...[...new Set(schemas)].sort().map(printedIdentifier), 'pg_temp'];
  const line = '^SELECT pg_catalog.set_config(.search_path., .., false);$';
  return [
    `cat > ${PATH_FILE} ${heredoc(lines('SET search_path =', `  ${path.join(',\n  ')};`), mark)}`,
    `sed '1,/${line}/{/${line}/d}' ${shellWord(sql)} > ${shellWord(`${sql}.path`)}`,
  ];
};

/** Lists the objects that need this; empty if there are none. */
export const operatorsSection = (manifest: Manifest): string => {
  const all = unqualified(manifest);
  if (!all.length) return '';
  const more = all.length > NAMED ? [`- and ${all.length - NAMED} more`] : [];
  return lines(
    'Expressions of these objects find operators on the `search_path`, which the commands set for that: `pg_restore` alone would stop at them, or bind them to other operators of the same name. A restore by Larder checks afterwards which operators each object uses. By hand, compare the results of these objects yourself. PostgreSQL may refuse a row comparison over columns of several types.',
    '',
    ...all
      .slice(0, NAMED)
      .map(
        ({ kind, name, operators }) =>
          `- ${inline(kind)} ${inline(name)}: ${operators.map((one) => inline(one.name)).join(', ')}`,
      ),
    ...more,
  );
};
