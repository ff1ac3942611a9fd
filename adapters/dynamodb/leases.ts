import { randomUUID } from 'node:crypto';
import { type Failure, isFinal, iso, type Status } from '../../core/backup.ts';
import { TABLE, TIMES } from '../../core/contract.ts';
import { inPart, type OpenState, type StatusPart } from './rows.ts';
import { type Change, changeRow, getRow, type HistoryTable, type Key, type Row } from './table.ts';

/**
 * Claiming a row and writing it under the claim, whatever the row is of: a backup, a restore, a verification. Each is
 * ONE conditional update that carries the attempt; a worker whose claim was taken over can change nothing. When the
 * answer to a write is lost, the SDK sends it again and the condition fails against our own first write: so a refused
 * one is compared with what it would have written before it is called lost.
 */
export interface Leased {
  readonly id: string;
  readonly projectId: string;
  readonly status: Status;
  readonly attempt: number;
  readonly leaseUntil?: string;
  readonly retryAt?: string;
  readonly cancelRequested?: boolean;
  readonly error?: Failure;
}

/** How one kind of such rows is laid out. */
export interface LeasedKind<R extends Leased> {
  readonly keyOf: (projectId: string, id: string) => Key;
  readonly recordOf: (row: Row) => R;
  /** The part of the index of open work that lists this kind and no other. */
  readonly partOf: (state: OpenState) => StatusPart;
}

/** The right to write one row, held by one attempt. */
export interface Lease {
  readonly projectId: string;
  readonly id: string;
  readonly attempt: number;
}

export type LeaseOutcome<R extends Leased> =
  | { readonly kind: 'claimed'; readonly record: R }
  | { readonly kind: 'busy'; readonly leaseUntil: string }
  | { readonly kind: 'final'; readonly status: R['status'] }
  | { readonly kind: 'exhausted'; readonly record: R }
  | { readonly kind: 'missing' };

type Written = 'written' | 'lost';

/** What a row has only while an attempt works on it. */
const WORKING = ['leaseUntil', 'claimedBy', 'retryAt', 'cancelRequested'] as const;

/** Nobody works on it: it waits, or its worker's lease has run out. */
export const ABANDONED =
  '(#status = :pending OR (#status = :running AND ' +
  '(attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now)))';

export const abandonedValues = (now: number): Row => ({
  ':pending': 'pending',
  ':running': 'in-progress',
  ':now': iso(now),
});

/** What every write shares that ends a row without what was asked for. */
export const endingOf = (
  kind: Pick<LeasedKind<Leased>, 'partOf'>,
  projectId: string,
  status: 'completed' | 'failed' | 'cancelled',
  now: number,
) => ({
  set: { status, completedAt: iso(now), ...inPart(projectId, kind.partOf('untold')) },
  copy: { [TABLE.ttl]: 'expirySeconds' },
  remove: WORKING,
});

/** Ends a row that a person wanted cancelled and nobody works on. */
export const cancelAbandoned = async <R extends Leased>(
  access: HistoryTable,
  kind: LeasedKind<R>,
  projectId: string,
  id: string,
): Promise<boolean> => {
  const now = access.clock();
  const row = await changeRow(access, kind.keyOf(projectId, id), {
    ...endingOf(kind, projectId, 'cancelled', now),
    when: ABANDONED,
    values: abandonedValues(now),
  });
  return row !== undefined;
};

const HELD = '#status = :running AND #attempt = :attempt';
const heldValues = ({ attempt }: Lease): Row => ({
  ':running': 'in-progress',
  ':attempt': attempt,
});

const leaseUntil = (access: HistoryTable): string =>
  iso(access.clock() + TIMES.leaseSeconds * 1000);

const tryToClaim = <R extends Leased>(
  access: HistoryTable,
  kind: LeasedKind<R>,
  projectId: string,
  id: string,
  worker: string,
) => {
  const now = access.clock();
  return changeRow(access, kind.keyOf(projectId, id), {
    set: {
      status: 'in-progress',
      startedAt: iso(now),
      leaseUntil: leaseUntil(access),
      claimedBy: worker,
      ...inPart(projectId, kind.partOf('in-progress')),
    },
    increment: 'attempt',
    remove: ['retryAt', 'progress'],
    when: `${ABANDONED} AND #attempt < :most AND attribute_not_exists(#cancelRequested)`,
    values: { ...abandonedValues(now), ':most': TIMES.maxAttempts },
  });
};

/** Says why a claim was refused; undefined where the row changed in between and may be claimed after all. */
const refusal = async <R extends Leased>(
  access: HistoryTable,
  kind: LeasedKind<R>,
  projectId: string,
  id: string,
  worker: string,
): Promise<LeaseOutcome<R> | undefined> => {
  const row = await getRow(access, kind.keyOf(projectId, id));
  if (!row) return { kind: 'missing' };
  const record = kind.recordOf(row);
  if (isFinal(record.status)) return { kind: 'final', status: record.status };
  if (row.claimedBy === worker) return { kind: 'claimed', record };
  if (record.status === 'in-progress' && record.leaseUntil) {
    if (record.leaseUntil > iso(access.clock()))
      return { kind: 'busy', leaseUntil: record.leaseUntil };
  }
  if (record.cancelRequested) {
    const ended = await cancelAbandoned(access, kind, projectId, id);
    return ended ? { kind: 'final', status: 'cancelled' } : undefined;
  }
  return record.attempt >= TIMES.maxAttempts ? { kind: 'exhausted', record } : undefined;
};

const claim = async <R extends Leased>(
  access: HistoryTable,
  kind: LeasedKind<R>,
  projectId: string,
  id: string,
): Promise<LeaseOutcome<R>> => {
  const worker = randomUUID();
  for (let round = 0; round < 5; round += 1) {
    const row = await tryToClaim(access, kind, projectId, id, worker);
    if (row) return { kind: 'claimed', record: kind.recordOf(row) };
    const why = await refusal(access, kind, projectId, id, worker);
    if (why) return why;
  }
  // So many others write this row that one of them has it, or is about to.
  return { kind: 'busy', leaseUntil: leaseUntil(access) };
};

/** The writes of a worker. */
export const makeLeases = <R extends Leased>(access: HistoryTable, kind: LeasedKind<R>) => {
  const fenced = async (
    lease: Lease,
    change: Omit<Change, 'when' | 'values'> & { readonly when?: string },
    isOurs: (record: R) => boolean,
  ): Promise<Written> => {
    const key = kind.keyOf(lease.projectId, lease.id);
    const when = change.when ? `${HELD} AND ${change.when}` : HELD;
    if (await changeRow(access, key, { ...change, when, values: heldValues(lease) }))
      return 'written';
    const row = await getRow(access, key);
    if (!row) return 'lost';
    const record = kind.recordOf(row);
    return record.attempt === lease.attempt && isOurs(record) ? 'written' : 'lost';
  };
  const ending = ({ projectId }: Lease, status: 'failed' | 'cancelled') =>
    endingOf(kind, projectId, status, access.clock());

  return {
    claim: (projectId: string, id: string) => claim(access, kind, projectId, id),

    heartbeat: async (lease: Lease, found: Row): Promise<'held' | 'cancelling' | 'lost'> => {
      const row = await changeRow(access, kind.keyOf(lease.projectId, lease.id), {
        set: { ...found, leaseUntil: leaseUntil(access) },
        when: HELD,
        values: heldValues(lease),
      });
      if (!row) return 'lost';
      return row.cancelRequested ? 'cancelling' : 'held';
    },

    complete: (
      lease: Lease,
      change: Pick<Change, 'set' | 'copy'>,
      isOurs: (record: R) => boolean,
    ): Promise<Written> => {
      const set = {
        ...change.set,
        status: 'completed',
        ...inPart(lease.projectId, kind.partOf('untold')),
      };
      const remove = [...WORKING, 'progress', 'error'].filter((name) => !(name in set));
      return fenced(
        lease,
        { ...change, set, remove },
        (record) => record.status === 'completed' && isOurs(record),
      );
    },

    fail: (lease: Lease, failure: Failure, found: Row = {}): Promise<Written> => {
      const end = ending(lease, 'failed');
      return fenced(
        lease,
        { ...end, set: { ...found, ...end.set, error: failure } },
        (record) => record.status === 'failed' && record.error?.message === failure.message,
      );
    },

    cancel: (lease: Lease): Promise<Written> =>
      fenced(lease, ending(lease, 'cancelled'), (record) => record.status === 'cancelled'),

    release: async (lease: Lease, failure: Failure, retryAt: string): Promise<Written> => {
      const released = await fenced(
        lease,
        {
          set: {
            status: 'pending',
            error: failure,
            retryAt,
            ...inPart(lease.projectId, kind.partOf('pending')),
          },
          remove: ['leaseUntil', 'claimedBy', 'progress'],
          when: 'attribute_not_exists(#cancelRequested)',
        },
        (record) => record.status === 'pending' && record.retryAt === retryAt,
      );
      if (released === 'written') return released;
      // Whoever was asked to stop does not come back for another attempt.
      return fenced(
        lease,
        { ...ending(lease, 'cancelled'), when: 'attribute_exists(#cancelRequested)' },
        (record) => record.status === 'cancelled',
      );
    },
  };
};
