import { isDeepStrictEqual } from 'node:util';
import { type Backup, millis } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { isFull, type Judged } from '../../core/last-good.ts';
import { inParallel } from '../../core/parallel.ts';
import { type Aging, type Decision, decideGenerations } from '../../core/retention/generations.ts';
import type { RetentionPolicy } from '../../core/retention/policy.ts';
import { backupKey, epochSeconds } from './rows.ts';
import { changeRow, type HistoryTable } from './table.ts';

/** A completed backup of a project, with what verifications found. */
export interface JudgedBackup extends Judged {
  readonly backup: Backup;
}

const WRITES_AT_ONCE = 16;

/**
 * Backups without a fixed life follow the policy of their project, if it has one, else the policy that their request found. If the
 * project's policy was changed since a backup's classes were decided, they are decided again.
 */
const agingOf = ({ backup, isBad }: JudgedBackup, own: RetentionPolicy | undefined): Aging => {
  const { id, createdAt, expiresAt, fixedRetention } = backup;
  const isFixed = fixedRetention === true;
  const base = { id, createdAt, expiresAt, isFull: isFull(backup), isBad, isFixed };
  if (own && !isFixed && !isDeepStrictEqual(own, backup.retentionPolicy))
    return { ...base, retentionPolicy: own };
  const { generations, retentionPolicy } = backup;
  return {
    ...base,
    ...(generations && { generations }),
    ...(retentionPolicy && { retentionPolicy }),
  };
};

/** Decides the classes of completed backups, and writes what changes. Usually that is the one backup that has just completed. */
export const giveClasses = async (
  access: HistoryTable,
  own: RetentionPolicy | undefined,
  completed: readonly JudgedBackup[],
): Promise<void> => {
  const backups = new Map(completed.map(({ backup }) => [backup.id, backup]));
  const decisions = decideGenerations(completed.map((one) => agingOf(one, own)));
  await inParallel(decisions, WRITES_AT_ONCE, async (decision) => {
    const backup = backups.get(decision.id);
    if (backup) await writeDecision(access, backup, decision);
  });
};

/**
 * A concurrent decision changes `expiresAt`: then this one is refused. Only a row that has a `ttl` already gets the new one, because
 * `lastGood` protects the others.
 */
const writeDecision = (
  access: HistoryTable,
  { projectId, id, expiresAt: before, ttl }: Backup,
  { id: _, ...decision }: Decision,
) => {
  const expirySeconds = epochSeconds(millis(decision.expiresAt));
  return changeRow(access, backupKey(projectId, id), {
    set: { ...decision, expirySeconds, ...(ttl !== undefined && { [TABLE.ttl]: expirySeconds }) },
    // It may have been pinned since it was read.
    when: `#status = :completed AND #expiresAt = :before${ttl === undefined ? '' : ' AND attribute_not_exists(#pinned)'}`,
    values: { ':completed': 'completed', ':before': before },
  });
};
