import { RestoreNotFound } from '../../core/errors/request.ts';
import { RestoreRefused } from '../../core/errors/restore.ts';
import { isEnded } from '../../core/job.ts';
import type { JobContext } from '../../core/job-work.ts';
import {
  type Restore,
  type RestoreOutcome,
  type SchemaPlace,
  undoneName,
} from '../../core/restore.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import { type SealedRestore, sealOf } from './seal.ts';

/** Where a swap put what was live. One whose worker died may have exchanged, and says only what it was about to. */
const putAside = ({ outcome, exchange = [] }: Restore): readonly SchemaPlace[] =>
  outcome?.before.length
    ? outcome.before
    : exchange.filter(({ from }) => exchange.some(({ to }) => to === from));

const renamesBack = (
  { createdAt }: Restore,
  swap: Restore,
): Record<'undone' | 'back', readonly SchemaPlace[]> => {
  const before = putAside(swap);
  return {
    undone: before.map(({ from }) => ({ from, to: undoneName(from, createdAt) })),
    back: before.map(({ from, to }) => ({ from: to, to: from })),
  };
};

type Renames = ReturnType<typeof renamesBack>;

const outcomeOf = ({ undone, back }: Renames): RestoreOutcome => ({
  schemas: back,
  tables: 0,
  rows: 0,
  bytesRead: 0,
  foreignKeys: [],
  leftOut: [],
  before: undone,
  warnings: [],
});

type Ports = Pick<RestorePorts, 'restores' | 'server'>;

const swapOf = async ({ restores }: Ports, { projectId, undoes }: Restore): Promise<Restore> => {
  const swap = undoes && (await restores.get(projectId, undoes));
  if (!swap) throw new RestoreNotFound(projectId, undoes ?? '');
  return swap;
};

/**
 * Exchanges the names back that a swap has exchanged. What the swap had brought is kept under a name of its own. Whether it has exchanged
 * anything the marks on the source say, whatever its record does.
 */
export const undoSwap = async (
  ports: Ports,
  { settings }: Pick<RestoreOptions, 'settings'>,
  restore: SealedRestore,
  { stop }: JobContext<Restore>,
): Promise<Partial<Restore>> => {
  const swap = await swapOf(ports, restore);
  const { id, mode, status, outcome, seal } = swap;
  if (mode !== 'swap' || !isEnded(status) || !outcome || seal === undefined) {
    throw new RestoreRefused([
      `Restore ${id} is no swap that was completed: there is nothing to undo.`,
    ]);
  }
  const renames = renamesBack(restore, swap);
  if (!renames.back.length) {
    throw new RestoreRefused([
      'Nothing was live before this swap: there is no schema to put back.',
    ]);
  }
  await ports.server.rename(sealOf(restore), [...renames.undone, ...renames.back], {
    lockTimeoutMs: settings.lockTimeoutMs,
    signal: stop.signal,
    undoes: sealOf({ ...swap, seal }),
  });
  return { outcome: outcomeOf(renames) };
};

/** What an undoing came to whose workers all died; undefined where the names are as they were. */
export const undoneNevertheless = async (
  ports: Ports,
  restore: SealedRestore,
): Promise<Partial<Restore> | undefined> => {
  const renames = renamesBack(restore, await swapOf(ports, restore));
  const happened =
    renames.back.length > 0 &&
    (await ports.server.isExchanged(sealOf(restore), [...renames.undone, ...renames.back]));
  return happened ? { outcome: outcomeOf(renames) } : undefined;
};
