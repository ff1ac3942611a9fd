import { iso, millis } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { RestoreNotFound } from '../../core/errors/request.ts';
import { RestoreRefused } from '../../core/errors/restore.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import type { WorkContext } from '../../core/leased-work/work-message.ts';
import { boundedDependents } from '../../core/outcome-bounds.ts';
import {
  type Restore,
  type RestoredForeignKey,
  type RestoreOutcome,
  type SchemaPlace,
  undoneName,
} from '../../core/restore.ts';
import type { Dependent } from '../../core/restore-dependents.ts';
import { keyWarnings, leftForLater } from './after-commit.ts';
import { markerSecretOf, type RestoreWithSecret } from './marker-secret.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import { restoringProject } from './restoring-project.ts';

/** Where a swap put the live schemas. If its worker died, the names may be exchanged although the row has only the plan. */
const setAside = ({ outcome, exchange = [] }: Restore): readonly SchemaPlace[] =>
  outcome?.before.length
    ? outcome.before
    : exchange.filter(({ from }) => exchange.some(({ to }) => to === from));

const renamesBack = (
  { createdAt }: Restore,
  swap: Restore,
): Record<'undone' | 'back', readonly SchemaPlace[]> => {
  const before = setAside(swap);
  return {
    undone: before.map(({ from }) => ({ from, to: undoneName(from, createdAt) })),
    back: before.map(({ from, to }) => ({ from: to, to: from })),
  };
};

type Renames = ReturnType<typeof renamesBack>;

const outcomeOf = (
  { undone, back }: Renames,
  dependents: readonly Dependent[] = [],
  keys: readonly RestoredForeignKey[] = [],
): RestoreOutcome => ({
  schemas: back,
  tables: 0,
  rows: 0,
  bytesRead: 0,
  foreignKeys: [],
  leftOut: [],
  before: undone,
  ...(dependents.length > 0 && { dependentObjects: boundedDependents(dependents) }),
  warnings: keyWarnings(keys),
});

type Ports = Pick<RestorePorts, 'restores' | 'server'>;
type UndoPorts = Pick<RestorePorts, 'restores' | 'server' | 'registry'>;

const swapOf = async ({ restores }: Ports, { projectId, undoes }: Restore): Promise<Restore> => {
  const swap = undoes && (await restores.get(projectId, undoes));
  if (!swap) throw new RestoreNotFound(projectId, undoes ?? '');
  return swap;
};

/** Two undos may be requested at the same time, and run one after the other. */
const undoneBy = async (
  { restores }: Ports,
  { id, projectId }: Restore,
  swap: Restore,
): Promise<Restore | undefined> => {
  // An Idempotency-Key keeps the time of the first request.
  const since = iso(millis(swap.createdAt) - TIMES.idempotencyHours * 3_600_000);
  let cursor: string | undefined;
  do {
    const page = await restores.list(projectId, { limit: 100, ...(cursor && { cursor }) });
    const found = page.items.find(
      (one) => one.undoes === swap.id && one.id !== id && one.status === 'completed',
    );
    if (found) return found;
    const last = page.items.at(-1);
    cursor = last && last.createdAt >= since ? page.cursor : undefined;
  } while (cursor);
  return undefined;
};

/**
 * Exchanges back the names that a swap has exchanged. The schema from the swap is kept under a name of its own. The markers on
 * the source show whether names were exchanged, whatever the record says.
 */
export const undoSwap = async (
  ports: UndoPorts,
  { settings }: Pick<RestoreOptions, 'settings'>,
  restore: RestoreWithSecret,
  { stop }: WorkContext<Restore>,
): Promise<Partial<Restore>> => {
  const swap = await swapOf(ports, restore);
  const { id, mode, status, outcome, seal } = swap;
  if (mode !== 'swap' || !isFinal(status) || !outcome || seal === undefined) {
    throw new RestoreRefused([`Restore ${id} is not a completed swap: there is nothing to undo.`]);
  }
  const other = await undoneBy(ports, restore, swap);
  if (other) {
    throw new RestoreRefused([
      `Swap ${id} was undone already, by restore ${other.id}: the schema from before the swap is live again.`,
    ]);
  }
  const renames = renamesBack(restore, swap);
  if (!renames.back.length) {
    throw new RestoreRefused([
      'Nothing was live before this swap: there is no schema to put back.',
    ]);
  }
  const { lockTimeoutMs } = settings;
  const { signal } = stop;
  const { dependents, keys } = await ports.server.rename(
    markerSecretOf(restore),
    [...renames.undone, ...renames.back],
    {
      project: await restoringProject(ports, restore),
      names: renames.back.map(({ to }) => to),
      lockTimeoutMs,
      signal,
      undoes: markerSecretOf({ ...swap, seal }),
      // Dependents that the swap repointed are pointed back, and none may block the return of the former live schema.
      repoint: { acceptOthers: true },
    },
  );
  const validated = await ports.server
    .addForeignKeys(keys, { lockTimeoutMs, signal })
    .catch(() => leftForLater(keys, 'not validated: the restore ended before'));
  return { outcome: outcomeOf(renames, dependents, validated) };
};

/** Outcome of an undo whose workers all died; undefined if the names were not exchanged back. */
export const recoverUndo = async (
  ports: Ports,
  restore: RestoreWithSecret,
): Promise<Partial<Restore> | undefined> => {
  const renames = renamesBack(restore, await swapOf(ports, restore));
  const places = [...renames.undone, ...renames.back];
  if (!renames.back.length || !(await ports.server.isExchanged(markerSecretOf(restore), places)))
    return undefined;
  const { dependents, keys } = await ports.server.lookAfter(places);
  const loose = leftForLater(keys, 'the last worker died before it was validated');
  return { outcome: outcomeOf(renames, dependents, loose) };
};
