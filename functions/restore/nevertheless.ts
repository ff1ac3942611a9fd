import type { Restore } from '../../core/restore.ts';
import { exchanged } from './after-commit.ts';
import type { RestorePorts } from './ports.ts';
import { sealOf } from './seal.ts';
import { undoneNevertheless } from './undo.ts';

/**
 * What a restore has come to whose every worker died: an exchange of names is one short transaction, and a worker may die between its
 * COMMIT and the record. What exchanged names has to say so, or nobody could exchange them back.
 * @returns undefined where no names were exchanged
 */
export const doneNevertheless = async (
  ports: Pick<RestorePorts, 'restores' | 'server'>,
  restore: Restore,
): Promise<Partial<Restore> | undefined> => {
  const { id, mode, seal, outcome, exchange, attempt } = restore;
  if (seal === undefined || (mode !== 'undo' && !exchange)) return undefined;
  // One that was at its COMMIT may still commit.
  await ports.server.endLeftovers(id, attempt + 1);
  const sealed = { ...restore, seal };
  if (mode === 'undo') return await undoneNevertheless(ports, sealed);
  if (!outcome || !exchange) return undefined;
  const happened = await ports.server.isExchanged(sealOf(sealed), exchange);
  return happened ? { outcome: exchanged(outcome, exchange) } : undefined;
};
