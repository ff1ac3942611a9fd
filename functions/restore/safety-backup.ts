import { setTimeout } from 'node:timers/promises';
import { type Backup, iso, millis } from '../../core/backup.ts';
import { quoted } from '../../core/errors/base.ts';
import { SafetyBackupFailed, SafetyBackupPending } from '../../core/errors/restore.ts';
import { uuidv7 } from '../../core/ids.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import { schemasIn } from '../../core/manifest.ts';
import { newBackup } from '../../core/new-backup.ts';
import type { Restore } from '../../core/restore.ts';
import { keptForDays } from '../../core/retention/at-request.ts';
import { daysOf } from '../../core/retention/policy.ts';
import { trustedManifest } from '../../core/trusted-manifest.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';

/**
 * The backup of the live schemas that a swap takes first. Its id is made from the restore's, so that a later attempt finds
 * the one that an earlier attempt requested.
 */
/** This share of the available time is left for the restore itself. */
const SHARE_FOR_WAITING = 0.5;

export const safetyBackupIdOf = ({ id, createdAt }: Pick<Restore, 'id' | 'createdAt'>): string =>
  uuidv7(millis(createdAt), `safety\0${id}`);

const rowOf = (options: RestoreOptions, restore: Restore, taken: Backup, now: number): Backup => {
  const { format, compression } = options.exportDefaults;
  const { projectId, projectName: name } = restore;
  return newBackup(
    { id: projectId, name, schemaName: taken.schemaName },
    {
      id: safetyBackupIdOf(restore),
      source: restore.source,
      environment: options.environment,
      name: 'Before a swap',
      description: `What was live before backup ${restore.backupId} took its place (restore ${restore.id}).`,
      trigger: 'pre-migration',
      format,
      ...(compression && { compression }),
      createdAt: restore.createdAt,
      // It expires by days only: it must not take a week's class from a scheduled backup.
      ...keptForDays(daysOf(options.retention, 'daily'), now),
      queuedAt: iso(now),
    },
  );
};

/** An export reads the schema that its project has at that time. @throws SafetyBackupFailed if the exchange concerns another schema */
const checkSchemas = async (
  ports: Pick<RestorePorts, 'vault' | 'manifestKeys'>,
  backup: Backup,
  exchanged: readonly string[],
): Promise<void> => {
  const { id, fileId = '' } = backup;
  const { manifest } = await trustedManifest(ports, backup, fileId);
  const held = schemasIn(manifest);
  if (exchanged.every((schema) => held.includes(schema))) return;
  const names = (all: readonly string[]): string => all.map(quoted).join(', ');
  throw new SafetyBackupFailed(
    id,
    `it holds schema ${names(held)}, which the project has now, but the swap would exchange ${names(exchanged)}.`,
  );
};

/**
 * Requests it and waits until it is completed.
 * @param exchanged the live schemas that it must hold
 * @throws SafetyBackupFailed, SafetyBackupPending if it takes longer than this attempt can wait
 */
export const takeSafetyBackup = async (
  ports: Pick<RestorePorts, 'history' | 'exports' | 'clock' | 'vault' | 'manifestKeys'>,
  options: RestoreOptions,
  restore: Restore,
  taken: Backup,
  exchanged: readonly string[],
  limits: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<Backup> => {
  const until = performance.now() + limits.seconds * 1000 * SHARE_FOR_WAITING;
  const row = rowOf(options, restore, taken, ports.clock());
  await ports.history.create(row);
  const { projectId, id: backupId } = row;
  await ports.exports.send([{ projectId, id: backupId }]);
  for (;;) {
    limits.signal.throwIfAborted();
    const now = await ports.history.get(projectId, backupId);
    if (now?.status === 'completed') {
      await checkSchemas(ports, now, exchanged);
      return now;
    }
    if (!now || isFinal(now.status)) {
      throw new SafetyBackupFailed(
        backupId,
        now?.error?.message ?? `it is ${now?.status ?? 'gone'}`,
      );
    }
    if (performance.now() > until) throw new SafetyBackupPending(backupId, now.status);
    await setTimeout(options.lookEveryMs, undefined, { signal: limits.signal });
  }
};
