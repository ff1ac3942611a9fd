import { RestoreNotFound, RestoreRefused } from '../../core/errors.ts';
import type { JobContext } from '../../core/job-work.ts';
import { type Restore, type RestoreOutcome, undoneName } from '../../core/restore.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import { type SealedRestore, sealOf } from './seal.ts';

/** Exchanges the names back that a swap has exchanged. What the swap had brought is kept under a name of its own. */
export const undoSwap = async (
  { restores, server }: Pick<RestorePorts, 'restores' | 'server'>,
  { settings }: Pick<RestoreOptions, 'settings'>,
  restore: SealedRestore,
  { stop }: JobContext<Restore>,
): Promise<Partial<Restore>> => {
  const swap = restore.undoes && (await restores.get(restore.projectId, restore.undoes));
  if (!swap) throw new RestoreNotFound(restore.projectId, restore.undoes ?? '');
  const { outcome, seal } = swap;
  if (swap.mode !== 'swap' || swap.status !== 'completed' || !outcome || seal === undefined) {
    throw new RestoreRefused([
      `Restore ${swap.id} is no swap that was completed: there is nothing to undo.`,
    ]);
  }
  if (!outcome.before.length) {
    throw new RestoreRefused([
      'Nothing was live before this swap: there is no schema to put back.',
    ]);
  }
  const undone = outcome.before.map(({ from }) => ({
    from,
    to: undoneName(from, restore.createdAt),
  }));
  const back = outcome.before.map(({ from, to }) => ({ from: to, to: from }));
  await server.rename(sealOf(restore), [...undone, ...back], {
    lockTimeoutMs: settings.lockTimeoutMs,
    signal: stop.signal,
    undoes: sealOf({ ...swap, seal }),
  });
  const made: RestoreOutcome = {
    schemas: back,
    tables: 0,
    rows: 0,
    bytesRead: 0,
    foreignKeys: [],
    leftOut: [],
    before: undone,
    warnings: [],
  };
  return { outcome: made };
};
