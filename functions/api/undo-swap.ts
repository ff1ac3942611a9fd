import { iso, millis } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { RestoreNotReady } from '../../core/errors/request.ts';
import type { Restores } from '../../core/job-ports.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import type { Restore } from '../../core/restore.ts';
import type { Answer, ApiRequest } from './http.ts';
import { findJob, newJob, requestJob } from './jobs.ts';
import type { Api } from './ports.ts';
import { isUndoable } from './public-jobs.ts';
import { checkSource } from './restore-rules.ts';
import { RESTORE_RESOURCE } from './restores.ts';

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

/** An id may be older than its row by this time, because an Idempotency-Key keeps the time of the first request. */
const OLDER_MS = TIMES.idempotencyHours * 3_600_000;

/** True for a restore that exchanged names after the swap, or still may. */
const isAfter = (restore: Restore, swap: Restore): boolean => {
  const { mode, dryRun, status, completedAt } = restore;
  if (restore.id === swap.id || dryRun || (mode !== 'swap' && mode !== 'undo')) return false;
  if (!isFinal(status)) return true;
  return status === 'completed' && (completedAt ?? '') >= (swap.completedAt ?? '');
};

/** Restores that exchange names of the project after a swap, newest first. */
const exchangesAfter = async (restores: Restores, swap: Restore): Promise<readonly Restore[]> => {
  const since = iso(millis(swap.createdAt) - OLDER_MS);
  const found: Restore[] = [];
  let cursor: string | undefined;
  do {
    const page = await restores.list(swap.projectId, { limit: 100, ...(cursor && { cursor }) });
    found.push(...page.items.filter((restore) => isAfter(restore, swap)));
    const last = page.items.at(-1);
    cursor = last && last.createdAt >= since ? page.cursor : undefined;
  } while (cursor);
  return found;
};

/** A project's exchanges must be undone in reverse order: otherwise a schema that is not the swap's would be live. */
const checkLast = async ({ ports }: Api, swap: Restore): Promise<void> => {
  const after = await exchangesAfter(ports.restores, swap);
  const undone = new Set(
    after.flatMap(({ undoes, status }) => (undoes && status === 'completed' ? [undoes] : [])),
  );
  const own = after.find(({ undoes }) => undoes === swap.id);
  if (own) {
    const state = undone.has(swap.id) ? 'undone already' : 'being undone';
    throw new RestoreNotReady(swap.id, state, `see restore ${own.id}`);
  }
  const later = after.find(({ mode, id }) => mode === 'swap' && !undone.has(id));
  if (!later) return;
  const wanted = later.status === 'completed' ? 'undo that one first' : 'wait for it or cancel it';
  throw new RestoreNotReady(swap.id, `followed by the swap ${later.id}`, wanted);
};

/** POST .../restores/{restoreId}/undo. It needs the two schemas, but not the backup, which may be removed already. */
export const undoSwap = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const swap = await findJob(api, request, RESTORE_RESOURCE);
  const { projectId, projectName, backupId, source, from, schemaName } = swap;
  return requestJob(
    api,
    request,
    RESTORE_RESOURCE,
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
