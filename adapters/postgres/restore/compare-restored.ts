import type pg from 'pg';
import { RestoreMismatch } from '../../../core/errors/restore.ts';
import { schemasIn } from '../../../core/manifest.ts';
import type { LoadRequest } from '../../../core/restore-ports.ts';
import { compareWithManifest } from '../comparison/compare-with-manifest.ts';
import { noteWarning } from '../comparison/notes.ts';
import { restoredAmong, whileOpen } from '../comparison/opened-schemas.ts';
import { refusal } from '../replay/statement-errors.ts';
import type { ExecutedText } from '../replay/text-request.ts';
import { reported } from '../replay/unfinished-objects.ts';
import { shown } from '../sql/describe-statement.ts';
import { keyState, type MarkerState } from './marker.ts';

const compared = async (
  client: pg.Client,
  { manifest, mode, tables, signal }: LoadRequest,
  { alone, unfinished, leftOutObjects }: ExecutedText,
) => {
  const schemas = schemasIn(manifest);
  const isShared = mode === 'tables-live';
  const isRestored = isShared ? await restoredAmong(client, schemas, tables ?? []) : () => true;
  const unfilled = unfinished.flatMap(({ state, on: { schema, name } }) =>
    state === 'unfilled' && schema !== null ? [{ schema, name }] : [],
  );
  return await whileOpen(client, schemas, isRestored, () =>
    compareWithManifest(client, {
      manifest,
      objects: 'names',
      rows: 'counts',
      chosen: tables,
      isRestored,
      alone,
      unfinished,
      unfilled,
      leftOut: leftOutObjects,
      signal,
    }),
  );
};

/**
 * Compares what the transaction has restored with the manifest, under the backup's own schema names.
 * @throws RestoreMismatch, or the named error if reading fails
 */
export const compareRestored = async (
  client: pg.Client,
  request: LoadRequest,
  executed: ExecutedText,
): Promise<MarkerState> => {
  const { leftOut, unfinished, warnings, leftOutObjects } = executed;
  const foreignKeys = executed.foreignKeys.filter(
    ({ table }) => !leftOutObjects.some(({ name }) => shown(name) === shown(table)),
  );
  const { signal } = request;
  const found = await compared(client, request, executed).catch((error: unknown) => {
    throw signal.aborted
      ? signal.reason
      : refusal(error, { object: 'the count of the restored rows' });
  });
  if (found.differenceCount) throw new RestoreMismatch(found.differences, found.differenceCount);
  return {
    tables: found.checked.tables,
    rows: found.checked.rows,
    foreignKeys: foreignKeys.map(keyState),
    leftOut: [...leftOut],
    unfinished: unfinished.map(reported),
    warnings: [...warnings, ...found.notes.flatMap((note) => noteWarning(note) ?? [])],
  };
};
