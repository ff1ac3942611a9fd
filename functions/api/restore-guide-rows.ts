import { type Manifest, schemasIn } from '../../core/manifest.ts';
import { printedLiteral } from '../../core/printed-sql.ts';
import { shellWord } from '../../core/shell-word.ts';
import { CHECK_FILE } from './restore-guide-code.ts';
import { fenced, heredoc, inline, lines } from './restore-guide-text.ts';

/**
 * Rows without definitions are loaded between the two halves of another backup's definitions: its tables before the rows; its indexes, foreign
 * keys, triggers and policies after them. So neither the order of the tables matters, nor is a right to disable triggers needed.
 * https://www.postgresql.org/docs/current/app-pgrestore.html (--section)
 */
const LIST = './larder-definitions.list';
const PARTS = {
  before: './larder-before.sql',
  rows: './larder-rows.sql',
  after: './larder-after.sql',
  refresh: './larder-refresh.sql',
} as const;

export const definitionsNeeded = (manifest: Manifest): string =>
  lines(
    `This backup holds rows without the definitions of their tables. They come from another backup of ${inline(manifest.project.name)} with content \`full\` or \`schema\` and format \`custom\` or \`tar\`, taken when the tables had the same definitions: usually the nearest in time (\`GET /projects/{projectId}/backups\` lists them). Download that and check it by the first step of its own guide, and name its file here:`,
    '',
    fenced("export DEFINITIONS='./….dump'", 'sh'),
    'If a table has changed in between, the restore ends with an error and keeps nothing: use another one.',
  );

/** Materialized views: a full backup refreshes them, a backup of definitions leaves them empty. */
const refreshSql = (manifest: Manifest): string =>
  lines(
    "SELECT pg_catalog.format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname)",
    'FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace',
    `WHERE n.nspname IN (${schemasIn(manifest).map(printedLiteral).join(', ')}) AND c.relkind = 'm' AND NOT c.relispopulated`,
    'ORDER BY c.oid',
    '\\gexec',
  );

/** @param unpacked the file that `pg_restore` or `psql` reads; @param unpack the command that makes it from the stored file, if any */
export const restoreRows = (
  manifest: Manifest,
  { unpacked, unpack }: { readonly unpacked: string; readonly unpack: string },
  mark: string,
): string => {
  const plain = manifest.options.format === 'plain';
  const rows = plain ? unpacked : PARTS.rows;
  const files = [CHECK_FILE, PARTS.before, rows, PARTS.after, PARTS.refresh];
  const section = (name: 'pre-data' | 'post-data', file: string): string =>
    `pg_restore --section=${name} --use-list=${LIST} --file=${file} "$DEFINITIONS"`;
  // Every database has it; leaving it out of the list changes nothing else.
  const listed = `pg_restore --list "$DEFINITIONS" | grep -v ' SCHEMA - public ' > ${LIST}`;
  return lines(
    ...(unpack ? [unpack] : []),
    `cat > ${PARTS.refresh} ${heredoc(refreshSql(manifest), mark)}`,
    listed,
    section('pre-data', PARTS.before),
    ...(plain ? [] : [`pg_restore --data-only --file=${PARTS.rows} ${shellWord(unpacked)}`]),
    section('post-data', PARTS.after),
    `psql "$DATABASE_URL" --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --single-transaction ${files.map((file) => `--file=${shellWord(file)}`).join(' ')}`,
  );
};
