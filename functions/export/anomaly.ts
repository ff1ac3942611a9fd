import { countsOf } from '../../core/completion.ts';
import { quoted } from '../../core/errors.ts';
import { manifestKeyBeside } from '../../core/keys.ts';
import { type Manifest, tableKey } from '../../core/manifest.ts';
import type { History, Vault } from '../../core/ports.ts';

/**
 * A backup far smaller than the one before it may be whole and still be a disaster: somebody emptied a table. It completes,
 * with a warning that names what shrank, so that a person looks before retention takes the fuller ones.
 */
const SMALL_ROWS = 1000;
const SMALL_BYTES = 1024 ** 2;
const NAMED = 5;

const emptied = (now: Manifest, before: Manifest): string[] => {
  const rowsNow = new Map(
    now.tables.map(({ schema, name, rows }) => [tableKey(schema, name), rows]),
  );
  return before.tables
    .filter(({ schema, name, rows }) => (rows ?? 0) > 0 && !rowsNow.get(tableKey(schema, name)))
    .map(({ name, rows }) => `${quoted(name)} (${rows})`);
};

/** Sentences on what shrank between two full backups of one project; none where all is as one would expect. */
export const anomaliesOf = (now: Manifest, before: Manifest): string[] => {
  const since = `since the backup of ${before.backup.createdAt}`;
  const gone = emptied(now, before);
  const shown = gone.slice(0, NAMED).join(', ');
  const more = gone.length > NAMED ? ` and ${gone.length - NAMED} more` : '';
  const rows = { now: countsOf(now.tables).rowCount, before: countsOf(before.tables).rowCount };
  const sameMaking =
    now.options.format === before.options.format &&
    now.options.compression === before.options.compression;
  const bytes = { now: now.object.bytes, before: before.object.bytes };
  return [
    ...(gone.length ? [`Tables that had rows and have none, ${since}: ${shown}${more}.`] : []),
    ...(rows.before >= SMALL_ROWS && rows.now * 2 < rows.before
      ? [`Less than half of the rows are left, ${since}: ${rows.now} of ${rows.before}.`]
      : []),
    ...(sameMaking && bytes.before >= SMALL_BYTES && bytes.now * 2 < bytes.before
      ? [`The backup has less than half of the bytes, ${since}: ${bytes.now} of ${bytes.before}.`]
      : []),
  ];
};

const RECENT = 10;

/** The manifest of the project's newest completed full backup, if there is one. */
export const findPrevious = async (
  history: Pick<History, 'list'>,
  vault: Pick<Vault, 'readManifest'>,
  projectId: string,
): Promise<Manifest | undefined> => {
  const page = await history.list(projectId, { limit: RECENT, status: 'completed' });
  const newest = page.items.find(({ content, fileId }) => content === 'full' && fileId);
  return newest?.fileId ? await vault.readManifest(manifestKeyBeside(newest.fileId)) : undefined;
};
