import { countsOf } from '../../core/completion.ts';
import { quoted } from '../../core/errors/base.ts';
import type { History } from '../../core/history-ports.ts';
import { manifestKeyBeside } from '../../core/keys.ts';
import { type Manifest, tableKey } from '../../core/manifest.ts';
import type { Vault } from '../../core/vault-ports.ts';

/**
 * A backup far smaller than the previous one may be complete and still show a disaster: someone emptied a table. It completes
 * with a warning that names what shrank, so that a person can look before retention removes the fuller backups.
 */
const SMALL_ROWS = 1000;
const SMALL_BYTES = 1024 ** 2;
const NAMED = 5;

/** The facts of the previous manifest that are kept during the dump: for a schema of ten thousand tables, the whole manifest is tens of megabytes. */
export interface Before {
  readonly createdAt: string;
  readonly options: Manifest['options'];
  readonly bytes: number;
  readonly counts: ReturnType<typeof countsOf>;
  /** Tables that had rows. */
  readonly tables: readonly Pick<Manifest['tables'][number], 'schema' | 'name' | 'rows'>[];
}

const beforeOf = ({ backup, options, object, tables }: Manifest): Before => ({
  createdAt: backup.createdAt,
  options,
  bytes: object.bytes,
  counts: countsOf(tables),
  tables: tables.flatMap(({ schema, name, rows }) => (rows ? [{ schema, name, rows }] : [])),
});

const emptied = (now: Manifest, before: Before): string[] => {
  const rowsNow = new Map(
    now.tables.map(({ schema, name, rows, uncounted }) => [
      tableKey(schema, name),
      uncounted ? 'uncounted' : rows,
    ]),
  );
  return before.tables
    .filter(({ schema, name }) => !rowsNow.get(tableKey(schema, name)))
    .map(({ name, rows }) => `${quoted(name)} (${rows})`);
};

/** Sentences about what shrank between two full backups of one project; empty if nothing is unusual. */
export const anomaliesOf = (now: Manifest, before: Before): string[] => {
  const since = `since the backup of ${before.createdAt}`;
  const gone = emptied(now, before);
  const shown = gone.slice(0, NAMED).join(', ');
  const more = gone.length > NAMED ? ` and ${gone.length - NAMED} more` : '';
  const rows = { now: countsOf(now.tables).rowCount, before: before.counts.rowCount };
  const sameMaking =
    now.options.format === before.options.format &&
    now.options.compression === before.options.compression;
  const bytes = { now: now.object.bytes, before: before.bytes };
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

/** Of the manifest of the project's newest completed full backup, if there is one. */
export const findPrevious = async (
  history: Pick<History, 'list'>,
  vault: Pick<Vault, 'readManifest'>,
  projectId: string,
): Promise<Before | undefined> => {
  const page = await history.list(projectId, { limit: RECENT, status: 'completed' });
  const newest = page.items.find(({ content, fileId }) => content === 'full' && fileId);
  const found = newest?.fileId
    ? await vault.readManifest(manifestKeyBeside(newest.fileId))
    : undefined;
  // A manifest that was changed afterwards says nothing about the backup.
  const isStored = [undefined, found?.sha256].includes(newest?.manifestSha256);
  return found && isStored ? beforeOf(found.manifest) : undefined;
};
