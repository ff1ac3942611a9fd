import { boundedOutcome } from '../../core/outcome-bounds.ts';
import type { Restore } from '../../core/restore.ts';
import { exchanged, keyWarnings, leftForLater } from './after-commit.ts';
import { markerSecretOf, type RestoreWithSecret } from './marker-secret.ts';
import type { RestorePorts } from './ports.ts';
import { recoverUndo } from './undo.ts';

type Ports = Pick<RestorePorts, 'restores' | 'server' | 'history'>;

/** Result of a transaction according to its marker. Keys to outside tables are reported with their SQL, because no worker will add them. */
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
          ? [
              'Objects that were left out because of the chosen tables are not listed: all workers died before that.',
            ]
          : []),
      ],
    }),
  };
};

/**
 * Outcome of a restore whose workers all died. A worker may die between a COMMIT (of the whole backup, or only of an exchange of names)
 * and the record. An exchange of names must be recorded, or it could not be undone; a schema restored beside must be found.
 * @returns undefined if nothing was committed, or if a swap has not exchanged names
 */
export const recoverOutcome = async (
  ports: Ports,
  restore: Restore,
): Promise<Partial<Restore> | undefined> => {
  const { id, mode, seal, outcome, exchange, attempt } = restore;
  if (seal === undefined) return undefined;
  // A session at its COMMIT may still commit.
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
