import { boundedOutcome } from '../../core/outcome-bounds.ts';
import type { Restore } from '../../core/restore.ts';
import { exchanged, keyWarnings, leftForLater } from './after-commit.ts';
import { markerSecretOf, type RestoreWithSecret } from './marker-secret.ts';
import type { RestorePorts } from './ports.ts';
import { recoverUndo } from './undo.ts';

type Ports = Pick<RestorePorts, 'restores' | 'server' | 'history'>;

/** What the mark says that its transaction left. Its keys to tables outside are told with their SQL, since nobody is left to add them. */
const recoverLoaded = async (
  { server, history }: Ports,
  restore: RestoreWithSecret,
): Promise<Partial<Restore> | undefined> => {
  const { mode, report, outcome, projectId, backupId, tables } = restore;
  if (mode === 'swap' || !report || outcome) return undefined;
  const { schemas } = report;
  const loaded = await server.findLoaded(markerSecretOf(restore), schemas);
  if (!loaded) return undefined;
  const keys = leftForLater(loaded.foreignKeys, 'the last worker died before it was added');
  const backup = await history.get(projectId, backupId);
  return {
    outcome: boundedOutcome({
      ...loaded,
      schemas,
      bytesRead: backup?.size ?? 0,
      foreignKeys: keys,
      before: [],
      warnings: [
        ...loaded.warnings,
        ...(tables
          ? ['What was left out for the choice of tables is not listed: every worker died before.']
          : []),
      ],
    }),
  };
};

/**
 * What a restore has come to whose every worker died: a worker may die between a COMMIT, of the whole backup or of a mere exchange of names,
 * and the record. What exchanged names has to say so, or nobody could exchange them back; what is there beside has to be found.
 * @returns undefined where nothing was committed, or a swap has not exchanged names
 */
export const recoverOutcome = async (
  ports: Ports,
  restore: Restore,
): Promise<Partial<Restore> | undefined> => {
  const { id, mode, seal, outcome, exchange, attempt } = restore;
  if (seal === undefined) return undefined;
  // One that was at its COMMIT may still commit.
  await ports.server.endLeftovers(id, attempt + 1);
  const sealed = { ...restore, seal };
  if (mode === 'undo') return await recoverUndo(ports, sealed);
  if (!outcome || !exchange) return await recoverLoaded(ports, sealed);
  if (!(await ports.server.isExchanged(markerSecretOf(sealed), exchange))) return undefined;
  const { dependents, keys } = await ports.server.lookAfter(exchange);
  const done = exchanged(outcome, exchange, dependents);
  const loose = leftForLater(keys, 'the last worker died before it was validated');
  return { outcome: { ...done, warnings: [...done.warnings, ...keyWarnings(loose)] } };
};
