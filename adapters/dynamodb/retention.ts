import * as z from 'zod';
import { TABLE, TIMES } from '../../core/contract.ts';
import type { History } from '../../core/history-ports.ts';
import { lastGood } from '../../core/last-good.ts';
import { allEnded } from '../../core/parallel.ts';
import type { RetentionPolicy } from '../../core/retention/policy.ts';
import { giveClasses, type JudgedBackup } from './generations.ts';
import { projectKey } from './registry.ts';
import { backupKey, backupOf, deletedRowOf, FOUND, partitionOf } from './rows.ts';
import { allRows, changeRow, getRow, type HistoryTable, putRow, type Row } from './table.ts';

/**
 * Retention through DynamoDB's TTL. DynamoDB may remove a row that has the attribute `ttl`. A row that ends without
 * a backup gets it in its last write. The row of a completed backup gets it here, unless `lastGood` protects it or it is pinned.
 *
 * This code examines all completed rows of the project and corrects every wrong `ttl`. So it repairs the result of a crash
 * between two writes, and the order in which backups complete does not matter. It runs after each completion and after each
 * verification with a result. "Newest" is by id: UUIDv7 orders by the time at which a backup was planned or requested.
 */
export const settleRetention = async (access: HistoryTable, projectId: string): Promise<void> => {
  // Read first: a backup that it names and that is not among the completed ones was deleted by a person.
  const project = await getRow(access, projectKey(projectId));
  const named = namedSuccesses(project);
  const completed = await completedOf(access, projectId);
  await giveClasses(access, project?.retentionPolicy as RetentionPolicy | undefined, completed);
  const kept = lastGood(completed);
  const isKept = (one: JudgedBackup): boolean => one.backup.pinned === true || kept.includes(one);
  // Protect these before any other may be removed.
  for (const { backup } of [...kept, ...completed.filter(isKept)])
    if (backup.ttl !== undefined) await keep(access, projectId, backup.id);
  const [newest] = kept;
  const deleted = named.filter((id) => !completed.some(({ backup }) => backup.id === id));
  await allEnded([
    newest
      ? noteLastSuccess(access, projectId, newest, kept, completed, deleted)
      : forgetLastSuccess(access, projectId, deleted),
    letAllExpire(
      access,
      projectId,
      completed.filter((one) => !isKept(one) && one.backup.ttl === undefined),
    ),
  ]);
};

const lastSuccess = z.object({
  backupId: z.string(),
  verified: z.object({ backupId: z.string() }).optional(),
});

/** Ids of the backups that the project's row names as its last good ones. */
const namedSuccesses = (project: Row | undefined): readonly string[] => {
  const { success, data } = lastSuccess.safeParse(project?.lastSuccess);
  return success ? [data.backupId, ...(data.verified ? [data.verified.backupId] : [])] : [];
};

/** The last full backup was deleted. */
const forgetLastSuccess = async (
  access: HistoryTable,
  projectId: string,
  [deleted]: readonly string[],
): Promise<void> => {
  if (deleted === undefined) return;
  await changeRow(access, projectKey(projectId), {
    remove: ['lastSuccess'],
    when: '#lastSuccess.#backupId = :deleted',
    values: { ':deleted': deleted },
  });
};

const READ = [
  'id',
  'projectId',
  'type',
  'content',
  'createdAt',
  'completedAt',
  'expiresAt',
  'retentionPolicy',
  'generations',
  'fixedRetention',
  'size',
  'validation',
  'pinned',
  ...Object.values(FOUND),
  TABLE.ttl,
] as const;

/** The completed backups of a project, newest first. */
export const completedOf = async (
  access: HistoryTable,
  projectId: string,
): Promise<JudgedBackup[]> => {
  const rows = await allRows(access, {
    where: `#pk = :pk AND begins_with(#sk, :backups)`,
    values: {
      ':pk': partitionOf(projectId),
      ':backups': TABLE.backupPrefix,
      ':completed': 'completed',
    },
    filter: '#status = :completed',
    only: [...READ],
    newestFirst: true,
  });
  return rows.map(judgedOf);
};

const judgedOf = (row: Row): JudgedBackup => {
  const backup = backupOf(row);
  return {
    backup,
    isBad: row[FOUND.bad] !== undefined || backup.validation === 'failed',
    isVerified: row[FOUND.good] !== undefined || backup.validation === 'verified',
  };
};

/** Usually one; if a crash left more, one after the other. */
const letAllExpire = async (
  access: HistoryTable,
  projectId: string,
  backups: readonly JudgedBackup[],
): Promise<void> => {
  for (const { backup } of backups) await letExpire(access, projectId, backup.id);
};

const letExpire = (access: HistoryTable, projectId: string, backupId: string) =>
  changeRow(access, backupKey(projectId, backupId), {
    copy: { [TABLE.ttl]: 'expirySeconds' },
    // It may have been pinned since it was read.
    when: '#status = :completed AND attribute_not_exists(#pinned)',
    values: { ':completed': 'completed' },
  });

/** Needed if a newer one was found to be bad, or if a person removed it from the history. */
const keep = (access: HistoryTable, projectId: string, backupId: string) =>
  changeRow(access, backupKey(projectId, backupId), {
    remove: [TABLE.ttl],
    when: '#status = :completed',
    values: { ':completed': 'completed' },
  });

/** DynamoDB accepts 100 operands for IN. */
const BAD_NAMED = 100;

/**
 * It moves forward, and backward only from a bad or a deleted backup: a concurrent call may know of fewer backups. The same holds for its part
 * `verified`.
 */
const noteLastSuccess = (
  access: HistoryTable,
  projectId: string,
  { backup }: JudgedBackup,
  kept: readonly JudgedBackup[],
  completed: readonly JudgedBackup[],
  deleted: readonly string[],
) => {
  const verified = kept.find(({ isVerified }) => isVerified)?.backup;
  const found = completed.filter((one) => one.isBad && one.backup.id > (verified?.id ?? ''));
  const bad = [...deleted, ...found.map((one) => one.backup.id)]
    .slice(0, BAD_NAMED)
    .map((id, index) => [`:bad${index}`, id] as const);
  const names = bad.map(([name]) => name).join(', ');
  const isBad = bad.length
    ? ` OR #lastSuccess.#backupId IN (${names}) OR #lastSuccess.#verified.#backupId IN (${names})`
    : '';
  const isVerified = verified
    ? ' OR (#lastSuccess.#backupId = :id AND (attribute_not_exists(#lastSuccess.#verified) OR #lastSuccess.#verified.#backupId < :verified))'
    : '';
  return changeRow(access, projectKey(projectId), {
    set: {
      lastSuccess: {
        backupId: backup.id,
        at: backup.completedAt ?? backup.createdAt,
        size: backup.size ?? 0,
        ...(verified && {
          verified: { backupId: verified.id, at: verified.completedAt ?? verified.createdAt },
        }),
      },
    },
    when:
      'attribute_exists(#pk) AND attribute_not_exists(#erasure) AND ' +
      `(attribute_not_exists(#lastSuccess) OR #lastSuccess.#backupId < :id${isVerified}${isBad})`,
    values: {
      ':id': backup.id,
      ...(verified && { ':verified': verified.id }),
      ...Object.fromEntries(bad),
    },
  });
};

export const makeRetention = (
  access: HistoryTable,
): Pick<History, 'settleRetention' | 'leaveDeleted'> => ({
  settleRetention: (projectId) => settleRetention(access, projectId),

  leaveDeleted: async (backup, why) => {
    // Of an erased project no row remains, also if the record of an expired row arrives late. Its objects may be removed.
    if ((await getRow(access, projectKey(backup.projectId)))?.erasure !== undefined)
      return 'written';
    const row = deletedRowOf(backup, why, access.clock(), TIMES.deletedRowDays);
    return (await putRow(access, row)) ? 'written' : 'exists';
  },
});
