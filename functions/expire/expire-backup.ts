import type { Backup } from '../../core/backup.ts';
import { VAULT } from '../../core/contract.ts';
import type { History } from '../../core/history-ports.ts';
import { encodePart, keysBeside } from '../../core/keys.ts';
import { isFull } from '../../core/last-good.ts';
import type { Log } from '../../core/ports.ts';
import type { Vault } from '../../core/vault-ports.ts';

export interface ExpirePorts {
  readonly history: Pick<History, 'leaveDeleted' | 'get' | 'list'>;
  readonly vault: Pick<Vault, 'remove'>;
  readonly log: Log;
}

/** `nothing`: there was no backup to remove. `kept`: there is a reason to keep the object. */
export type Expiry = 'removed' | 'nothing' | 'kept';

/** Whether an object belongs to this backup, under any key template. */
const isItsOwn = (fileId: string, { id, projectId }: Backup): boolean =>
  fileId.startsWith(VAULT.prefix) &&
  fileId.includes(`/${encodePart(projectId)}/`) &&
  fileId.includes(id) &&
  !fileId.includes('..');

const isBad = ({ validation }: Pick<Backup, 'validation'>): boolean => validation === 'failed';

/** Whether the project has another full backup; to remove a good one, another good one. */
const hasAnother = async (
  { history }: ExpirePorts,
  { projectId, ...taken }: Backup,
): Promise<boolean> => {
  const replaces = (other: Backup): boolean => isFull(other) && (isBad(taken) || !isBad(other));
  let cursor: string | undefined;
  do {
    const page = await history.list(projectId, {
      limit: 20,
      status: 'completed',
      ...(cursor && { cursor }),
    });
    if (page.items.some(replaces)) return true;
    cursor = page.cursor;
  } while (cursor);
  return false;
};

/**
 * Removes a backup from the vault after retention has removed its row from the history.
 *
 * The `deleted` row is written first. It is written only if no row exists. So a late or repeated record finds, in the same
 * step, that the backup exists again (for example restored from the vault), and does not remove it. Everything after that step
 * can be repeated: by the stream, which delivers the record again, or by sweep, which removes the objects of `deleted`
 * rows. In the opposite order, a permanent crash would leave neither a row nor an object, and no trace of the reason.
 *
 * A full backup is removed only while its project has another one that is as good. `ttl` already ensures that; this check holds
 * even if a row was edited by hand.
 *
 * @throws VaultRefused, UploadInterrupted, errors of AWS; all may be retried
 */
export const expireBackup = async (ports: ExpirePorts, backup: Backup): Promise<Expiry> => {
  const { history, vault, log } = ports;
  const { id, projectId, fileId, size } = backup;
  const names = { projectId, backupId: id };
  if (backup.status !== 'completed' || !fileId) return 'nothing';
  if (!isItsOwn(fileId, backup)) {
    log.error('an expired row names an object that is not its own; the object was kept', {
      ...names,
      fileId,
    });
    return 'kept';
  }
  if (backup.pinned) {
    log.error('retention removed the row of a pinned backup; its object was left', {
      ...names,
      fileId,
    });
    return 'kept';
  }
  if (isFull(backup) && !(await hasAnother(ports, backup))) {
    log.error("retention removed the row of the project's last good backup; its object was kept", {
      ...names,
      fileId,
    });
    return 'kept';
  }
  if ((await history.leaveDeleted(backup, 'retention')) === 'exists') {
    const there = await history.get(projectId, id);
    if (there?.status !== 'deleted') {
      log.warn('an expired backup has a row again; its object was kept', {
        ...names,
        row: there?.status,
      });
      return 'kept';
    }
  }
  await vault.remove(keysBeside(fileId));
  log.info('an expired backup was removed', { ...names, bytes: size });
  return 'removed';
};
