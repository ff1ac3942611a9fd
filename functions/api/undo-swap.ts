import { RestoreNotReady } from '../../core/errors.ts';
import type { Restores } from '../../core/job-ports.ts';
import type { Restore } from '../../core/restore.ts';
import type { Answer, ApiRequest } from './http.ts';
import { findJob, newJob, requestJob } from './jobs.ts';
import type { Api } from './ports.ts';
import { isUndoable } from './public-jobs.ts';
import { checkSource } from './restore-rules.ts';
import { RESTORES } from './restores.ts';

const checkSwap = (swap: Restore): void => {
  if (isUndoable(swap)) return;
  const { id, mode, status, dryRun, outcome } = swap;
  const wanted = 'only a completed swap can be undone';
  if (mode !== 'swap') throw new RestoreNotReady(id, `one of mode ${mode}`, wanted);
  if (dryRun) throw new RestoreNotReady(id, 'a dry run, which has exchanged nothing', wanted);
  if (status !== 'completed') throw new RestoreNotReady(id, status, wanted);
  const found = outcome?.before.length ? 'completed' : 'one before which nothing was live';
  throw new RestoreNotReady(id, found, 'there is no schema to put back');
};

/** What was asked for in the project after a swap, newest first, and would exchange names or has done so. */
const exchangesSince = async (restores: Restores, swap: Restore): Promise<readonly Restore[]> => {
  const found: Restore[] = [];
  let cursor: string | undefined;
  do {
    const page = await restores.list(swap.projectId, { limit: 100, ...(cursor && { cursor }) });
    for (const restore of page.items) {
      if (restore.id <= swap.id) return found;
      const exchanges = restore.mode === 'swap' || restore.mode === 'undo';
      const stands = restore.status !== 'failed' && restore.status !== 'cancelled';
      if (exchanges && stands && !restore.dryRun) found.push(restore);
    }
    cursor = page.cursor;
  } while (cursor);
  return found;
};

/** A project's exchanges are undone from the last one back: otherwise another schema than the swap's would be live. */
const checkLast = async ({ ports }: Api, swap: Restore): Promise<void> => {
  const since = await exchangesSince(ports.restores, swap);
  const undone = new Set(
    since.flatMap(({ undoes, status }) => (undoes && status === 'completed' ? [undoes] : [])),
  );
  const own = since.find(({ undoes }) => undoes === swap.id);
  if (own) {
    const state = undone.has(swap.id) ? 'undone already' : 'being undone';
    throw new RestoreNotReady(swap.id, state, `see restore ${own.id}`);
  }
  const later = since.find(({ mode, id }) => mode === 'swap' && !undone.has(id));
  if (!later) return;
  const wanted = later.status === 'completed' ? 'undo that one first' : 'wait for it or cancel it';
  throw new RestoreNotReady(swap.id, `followed by the swap ${later.id}`, wanted);
};

/** POST .../restores/{restoreId}/undo. It needs the two schemas and no backup, which may be gone by now. */
export const undoSwap = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const swap = await findJob(api, request, RESTORES);
  const { projectId, projectName, backupId, source, from, schemaName } = swap;
  return requestJob(
    api,
    request,
    RESTORES,
    projectId,
    { undo: swap.id },
    async (id): Promise<Restore> => {
      checkSwap(swap);
      checkSource(api, source);
      await checkLast(api, swap);
      return {
        ...newJob(api, { id: backupId, projectId, projectName }, source, id),
        mode: 'undo',
        from,
        schemaName,
        into: 'beside',
        owners: 'keep',
        acceptDependents: false,
        dryRun: false,
        undoes: swap.id,
      };
    },
  );
};
