import { randomUUID } from 'node:crypto';
import { type Backup, isFinal, iso } from '../../core/backup.ts';
import { TABLE, TIMES } from '../../core/contract.ts';
import type { Claim, ClaimOutcome, History } from '../../core/ports.ts';
import { settleRetention } from './retention.ts';
import { backupKey, backupOf, inState } from './rows.ts';
import { type Change, changeRow, getRow, type HistoryTable, type Row } from './table.ts';

/**
 * Claiming a backup and writing it under the claim. Each is ONE conditional update that carries the attempt;
 * a worker whose claim was taken over can change nothing. When the answer to a write is lost, the SDK sends
 * it again and the condition fails against our own first write: so a refused one is compared with what it
 * would have written before it is called lost.
 */
type Claims = Pick<History, 'claim' | 'heartbeat' | 'complete' | 'fail' | 'cancel' | 'release'>;

/** What a row has only while an attempt works on it. */
export const WORKING = ['leaseUntil', 'claimedBy', 'retryAt', 'cancelRequested'] as const;

/** Nobody works on it: it waits, or its worker's lease has run out. */
export const ABANDONED =
  '(#status = :pending OR (#status = :running AND ' +
  '(attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now)))';

export const abandonedValues = (now: number): Row => ({
  ':pending': 'pending',
  ':running': 'in-progress',
  ':now': iso(now),
});

/** What every write shares that makes a row final without a backup. */
export const endingOf = (projectId: string, status: 'failed' | 'cancelled', now: number) => ({
  set: { status, completedAt: iso(now), ...inState(projectId, 'untold') },
  copy: { [TABLE.ttl]: 'expirySeconds' },
  remove: WORKING,
});

const HELD = '#status = :running AND #attempt = :attempt';
const heldValues = (claim: Claim): Row => ({
  ':running': 'in-progress',
  ':attempt': claim.attempt,
});

const fenced = async (
  access: HistoryTable,
  claim: Claim,
  change: Omit<Change, 'when' | 'values'> & { readonly when?: string },
  isOurs: (backup: Backup) => boolean,
): Promise<'written' | 'lost'> => {
  const key = backupKey(claim.projectId, claim.backupId);
  const when = change.when ? `${HELD} AND ${change.when}` : HELD;
  if (await changeRow(access, key, { ...change, when, values: heldValues(claim) })) {
    return 'written';
  }
  const row = await getRow(access, key);
  if (!row) return 'lost';
  const backup = backupOf(row);
  return backup.attempt === claim.attempt && isOurs(backup) ? 'written' : 'lost';
};

const tryToClaim = (access: HistoryTable, projectId: string, backupId: string, worker: string) => {
  const now = access.clock();
  return changeRow(access, backupKey(projectId, backupId), {
    set: {
      status: 'in-progress',
      startedAt: iso(now),
      leaseUntil: iso(now + TIMES.leaseSeconds * 1000),
      claimedBy: worker,
      ...inState(projectId, 'in-progress'),
    },
    increment: 'attempt',
    remove: ['retryAt', 'progress'],
    when: `${ABANDONED} AND #attempt < :most AND attribute_not_exists(#cancelRequested)`,
    values: { ...abandonedValues(now), ':most': TIMES.maxAttempts },
  });
};

/** Ends a row that a person wanted cancelled and nobody works on. */
export const cancelAbandoned = async (
  access: HistoryTable,
  projectId: string,
  backupId: string,
): Promise<boolean> => {
  const now = access.clock();
  const row = await changeRow(access, backupKey(projectId, backupId), {
    ...endingOf(projectId, 'cancelled', now),
    when: ABANDONED,
    values: abandonedValues(now),
  });
  return row !== undefined;
};

/** Says why a claim was refused; undefined where the row changed in between and may be claimed after all. */
const refusal = async (
  access: HistoryTable,
  projectId: string,
  backupId: string,
  worker: string,
): Promise<ClaimOutcome | undefined> => {
  const row = await getRow(access, backupKey(projectId, backupId));
  if (!row) return { kind: 'missing' };
  const backup = backupOf(row);
  if (isFinal(backup.status)) {
    // A message that comes again after the end is the sign of a worker that died right after it.
    if (backup.status === 'completed') await settleRetention(access, projectId);
    return { kind: 'final', status: backup.status };
  }
  if (row.claimedBy === worker) return claimed(backup);
  const { leaseUntil } = backup;
  if (backup.status === 'in-progress' && leaseUntil && leaseUntil > iso(access.clock())) {
    return { kind: 'busy', leaseUntil };
  }
  if (backup.cancelRequested) {
    const ended = await cancelAbandoned(access, projectId, backupId);
    return ended ? { kind: 'final', status: 'cancelled' } : undefined;
  }
  return backup.attempt >= TIMES.maxAttempts ? { kind: 'exhausted', backup } : undefined;
};

const claimed = (backup: Backup): ClaimOutcome => ({
  kind: 'claimed',
  claim: { projectId: backup.projectId, backupId: backup.id, attempt: backup.attempt },
  backup,
});

const claim = async (
  access: HistoryTable,
  projectId: string,
  backupId: string,
): Promise<ClaimOutcome> => {
  const worker = randomUUID();
  for (let round = 0; round < 5; round += 1) {
    const row = await tryToClaim(access, projectId, backupId, worker);
    if (row) return claimed(backupOf(row));
    const why = await refusal(access, projectId, backupId, worker);
    if (why) return why;
  }
  // So many others write this row that one of them has it, or is about to.
  return { kind: 'busy', leaseUntil: iso(access.clock() + TIMES.leaseSeconds * 1000) };
};

export const makeClaims = (access: HistoryTable): Claims => ({
  claim: (projectId, backupId) => claim(access, projectId, backupId),

  heartbeat: async (held, progress) => {
    const row = await changeRow(access, backupKey(held.projectId, held.backupId), {
      set: { leaseUntil: iso(access.clock() + TIMES.leaseSeconds * 1000), progress },
      when: HELD,
      values: heldValues(held),
    });
    if (!row) return 'lost';
    return row.cancelRequested ? 'cancelling' : 'held';
  },

  complete: async (held, completion) => {
    const outcome = await fenced(
      access,
      held,
      {
        set: { ...completion, status: 'completed', ...inState(held.projectId, 'untold') },
        remove: [...WORKING, 'progress', 'error'],
      },
      (backup) => backup.status === 'completed' && backup.fileId === completion.fileId,
    );
    if (outcome === 'written') await settleRetention(access, held.projectId);
    return outcome;
  },

  fail: (held, failure) => {
    const ending = endingOf(held.projectId, 'failed', access.clock());
    return fenced(
      access,
      held,
      { ...ending, set: { ...ending.set, error: failure } },
      (backup) => backup.status === 'failed' && backup.error?.message === failure.message,
    );
  },

  cancel: (held) =>
    fenced(
      access,
      held,
      endingOf(held.projectId, 'cancelled', access.clock()),
      (backup) => backup.status === 'cancelled',
    ),

  release: async (held, failure, retryAt) => {
    const released = await fenced(
      access,
      held,
      {
        set: { status: 'pending', error: failure, retryAt, ...inState(held.projectId, 'pending') },
        remove: ['leaseUntil', 'claimedBy', 'progress'],
        when: 'attribute_not_exists(#cancelRequested)',
      },
      (backup) => backup.status === 'pending' && backup.retryAt === retryAt,
    );
    if (released === 'written') return released;
    // Whoever was asked to stop does not come back for another attempt.
    const ending = endingOf(held.projectId, 'cancelled', access.clock());
    return fenced(
      access,
      held,
      { ...ending, when: 'attribute_exists(#cancelRequested)' },
      (backup) => backup.status === 'cancelled',
    );
  },
});
