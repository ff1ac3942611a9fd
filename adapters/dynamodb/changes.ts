import { type Backup, hasExpired, iso, millis } from '../../core/backup.ts';
import {
  type BackupChange,
  type ChangeOutcome,
  expiryAfter,
  type Removal,
  type RemovalOutcome,
} from '../../core/backup-change.ts';
import { TABLE, TIMES } from '../../core/contract.ts';
import type { History } from '../../core/history-ports.ts';
import { settleRetention } from './retention.ts';
import { backupKey, backupOf, epochSeconds } from './rows.ts';
import { type Change, changeRow, getRow, type HistoryTable, type Row } from './table.ts';

/**
 * Changes and removals by a person. Each is one conditional write: its condition is the state in which the change was decided, so a
 * worker, retention, DynamoDB's TTL or another caller may act at the same time. If the state has changed, the decision is made again.
 *
 * `ttl` shows whether retention protects a completed row: the last good backups and pinned ones have none (retention.ts).
 */
const TRIES = 10;
const DAY_MS = 86_400_000;

type Update = Omit<Change, 'when' | 'values'>;

/** The write for a row in the state in which it was read; undefined if that has changed. */
const changeAsRead = (
  access: HistoryTable,
  { projectId, id, status, ttl, pinned }: Backup,
  update: Update,
): Promise<Row | undefined> => {
  const isSame = (name: string, value: unknown) =>
    value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :was_${name}`;
  return changeRow(access, backupKey(projectId, id), {
    ...update,
    when: ['#status = :status', isSame(TABLE.ttl, ttl), isSame('pinned', pinned)].join(' AND '),
    values: {
      ':status': status,
      ...(ttl !== undefined && { [`:was_${TABLE.ttl}`]: ttl }),
      ...(pinned !== undefined && { ':was_pinned': pinned }),
    },
  });
};

/** The row as it is now, unless retention has removed it. */
const read = async (
  access: HistoryTable,
  projectId: string,
  backupId: string,
): Promise<Backup | undefined> => {
  const row = await getRow(access, backupKey(projectId, backupId));
  const backup = row && backupOf(row);
  const isGone = backup && backup.status !== 'deleted' && hasExpired(backup, access.clock());
  return isGone ? undefined : backup;
};

/** Decides on the row and writes, until no other write comes in between. */
const decided = async <T>(decide: () => Promise<T | undefined>): Promise<T> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const outcome = await decide();
    if (outcome !== undefined) return outcome;
  }
  throw new Error('a row of the history changed at each of ten tries to change it');
};

/** Members that a retention policy decides. A backup whose life a person has fixed holds no class. */
const BY_POLICY = ['retentionPolicy', 'generations'];

/** Nothing if retention ends as before: a concurrent decision of retention must not be undone. */
const endOfLife = (
  { ttl, expiresAt: before }: Backup,
  expiresAt: string,
  pinned: boolean | undefined,
): Row => {
  if (expiresAt === before) return {};
  const expirySeconds = epochSeconds(millis(expiresAt));
  return {
    expiresAt,
    expirySeconds,
    fixedRetention: true,
    ...(!pinned && ttl !== undefined && { [TABLE.ttl]: expirySeconds }),
  };
};

const updateFor = (backup: Backup, change: BackupChange, now: number): Update => {
  const { name, description, pinned } = change;
  const expiresAt = expiryAfter(backup, change, now);
  const isOther = expiresAt !== backup.expiresAt;
  const remove = [
    ...(pinned === false ? ['pinned'] : []),
    ...(pinned && backup.ttl !== undefined ? [TABLE.ttl] : []),
    ...(isOther ? BY_POLICY : []),
  ];
  return {
    set: {
      name,
      description,
      ...((isOther || name !== undefined || description !== undefined) && { changedAt: iso(now) }),
      ...endOfLife(backup, expiresAt, pinned),
      ...(pinned && { pinned }),
    },
    ...(remove.length && { remove }),
  };
};

const CHANGEABLE: readonly Backup['status'][] = ['pending', 'in-progress', 'completed'];

const change = async (
  access: HistoryTable,
  projectId: string,
  backupId: string,
  wanted: BackupChange,
): Promise<ChangeOutcome> => {
  const outcome = await decided<ChangeOutcome>(async () => {
    const backup = await read(access, projectId, backupId);
    if (!backup) return { kind: 'missing' };
    if (!CHANGEABLE.includes(backup.status)) return { kind: 'final', status: backup.status };
    const update = updateFor(backup, wanted, access.clock());
    const isNothing = Object.values(update.set ?? {}).every((value) => value === undefined);
    if (isNothing && !update.remove) return { kind: 'changed', backup };
    const row = await changeAsRead(access, backup, update);
    return row && { kind: 'changed', backup: backupOf(row) };
  });
  // An unpinned row gets its ttl back here, unless it is a last good one.
  if (outcome.kind === 'changed' && outcome.backup.status === 'completed')
    await settleRetention(access, projectId);
  return outcome;
};

const OPEN: readonly Backup['status'][] = ['pending', 'in-progress'];

const protectionOf = ({ status, pinned, ttl }: Backup): 'pinned' | 'last-good' | undefined => {
  if (status !== 'completed') return undefined;
  if (pinned) return 'pinned';
  return ttl === undefined ? 'last-good' : undefined;
};

const remove = async (
  access: HistoryTable,
  projectId: string,
  backupId: string,
  { by, why, force }: Removal,
): Promise<RemovalOutcome> => {
  const outcome = await decided<RemovalOutcome>(async () => {
    // After a crash between two writes, a row that is not protected may still have no ttl.
    if (!force) await settleRetention(access, projectId);
    const backup = await read(access, projectId, backupId);
    if (!backup) return { kind: 'missing' };
    if (backup.status === 'deleted') return { kind: 'removed', backup };
    if (OPEN.includes(backup.status)) return { kind: 'open', status: backup.status };
    const protection = force ? undefined : protectionOf(backup);
    if (protection) return { kind: protection };
    const now = access.clock();
    const row = await changeAsRead(access, backup, {
      set: {
        status: 'deleted',
        deletedAt: iso(now),
        deletedBy: by,
        deletedWhy: why,
        [TABLE.ttl]: epochSeconds(now + TIMES.deletedRowDays * DAY_MS),
      },
      remove: ['pinned'],
    });
    return row && { kind: 'removed', backup: backupOf(row) };
  });
  // The next good backup is protected from now on, and the project's last success is another one.
  if (outcome.kind === 'removed') await settleRetention(access, projectId);
  return outcome;
};

export const makeChanges = (access: HistoryTable): Pick<History, 'change' | 'remove'> => ({
  change: (projectId, backupId, wanted) => change(access, projectId, backupId, wanted),
  remove: (projectId, backupId, removal) => remove(access, projectId, backupId, removal),
});
