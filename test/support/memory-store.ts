import { iso } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import type { Claim, Findings, OpenState, WorkStore } from '../../core/leased-work/store.ts';
import { isFinal, type LeasedWork } from '../../core/leased-work/work.ts';
import type { Clock } from '../../core/ports.ts';

const LEASE = ['leaseUntil', 'retryAt', 'cancelRequested'] as const;

/** Leased work in memory, by the rules of its port alone. It passes the same contract suite as DynamoDB's store. */
export const makeMemoryStore = <W extends LeasedWork, R extends Findings<W> = Findings<W>>(
  clock: Clock,
): WorkStore<W, R> => {
  const rows = new Map<string, W>();
  const keyOf = (projectId: string, id: string): string => `${projectId}\0${id}`;
  const find = (projectId: string, id: string): W | undefined => rows.get(keyOf(projectId, id));

  const write = (
    row: W,
    change: Partial<LeasedWork>,
    findings: Findings<W> | undefined,
    remove: readonly string[] = [],
  ): W => {
    const kept = Object.entries(row).filter(([name]) => !remove.includes(name));
    const changed = { ...Object.fromEntries(kept), ...change, ...findings } as W;
    rows.set(keyOf(row.projectId, row.id), changed);
    return changed;
  };
  const lease = (): Partial<LeasedWork> => ({
    leaseUntil: iso(clock() + TIMES.leaseSeconds * 1000),
  });
  const isAbandoned = ({ status, leaseUntil = '' }: W): boolean =>
    status === 'pending' || (status === 'in-progress' && leaseUntil <= iso(clock()));
  const held = ({ projectId, id, attempt }: Claim): W | undefined => {
    const row = find(projectId, id);
    return row?.status === 'in-progress' && row.attempt === attempt ? row : undefined;
  };
  const abandoned = (projectId: string, id: string): W | undefined => {
    const row = find(projectId, id);
    return row && isAbandoned(row) ? row : undefined;
  };

  const end = (
    row: W | undefined,
    status: 'completed' | 'failed' | 'cancelled',
    findings?: Findings<W>,
    change: Partial<LeasedWork> = {},
  ): W | undefined => {
    const remove = status === 'completed' ? [...LEASE, 'progress', 'error'] : LEASE;
    const completedAt = iso(clock());
    return row && write(row, { completedAt, ...change, status }, findings, remove);
  };
  const cancelAbandoned = (projectId: string, id: string): W | undefined =>
    end(abandoned(projectId, id), 'cancelled');
  /** A write that is sent twice was executed. */
  const repeated = ({ projectId, id, attempt }: Claim, change: Partial<LeasedWork>) => {
    const row = find(projectId, id);
    if (row?.attempt !== attempt || row.status !== change.status) return undefined;
    const at = row.completedAt === change.completedAt && row.retryAt === change.retryAt;
    return at && (!change.error || row.error?.message === change.error.message) ? row : undefined;
  };

  const isOpen = (row: W, state: OpenState): boolean =>
    state === 'unnotified' ? isFinal(row.status) && !row.toldAt : row.status === state;

  return {
    create: async (work) => {
      if (find(work.projectId, work.id)) return 'exists';
      rows.set(keyOf(work.projectId, work.id), work);
      return 'created';
    },
    get: async (projectId, id) => find(projectId, id),
    open: async function* (state) {
      yield* [...rows.values()].filter((row) => isOpen(row, state));
    },

    claim: async (projectId, id) => {
      const row = find(projectId, id);
      if (!row) return { kind: 'missing' };
      if (isFinal(row.status)) return { kind: 'final', status: row.status };
      if (!isAbandoned(row)) return { kind: 'busy', leaseUntil: row.leaseUntil ?? '' };
      if (row.cancelRequested) {
        cancelAbandoned(projectId, id);
        return { kind: 'final', status: 'cancelled' };
      }
      if (row.attempt >= TIMES.maxAttempts) return { kind: 'exhausted', work: row };
      const attempt = row.attempt + 1;
      const startedAt = iso(clock());
      const change = { status: 'in-progress', attempt, startedAt, ...lease() } as const;
      const work = write(row, change, undefined, ['retryAt', 'progress']);
      return { kind: 'claimed', claim: { projectId, id, attempt }, work };
    },
    heartbeat: async (claim, findings) => {
      const row = held(claim);
      if (!row) return 'lost';
      write(row, lease(), findings);
      return row.cancelRequested ? 'cancelling' : 'held';
    },
    complete: async (claim, result) =>
      end(held(claim), 'completed', result) ??
      repeated(claim, { completedAt: result.completedAt ?? iso(clock()), status: 'completed' }),
    fail: async (claim, error, findings) =>
      end(held(claim), 'failed', findings, { error }) ??
      repeated(claim, { status: 'failed', completedAt: iso(clock()), error }),
    cancel: async (claim) =>
      end(held(claim), 'cancelled') ??
      repeated(claim, { status: 'cancelled', completedAt: iso(clock()) }),
    release: async (claim, error, retryAt) => {
      const row = held(claim);
      if (row?.cancelRequested) return end(row, 'cancelled');
      const change = { status: 'pending', error, retryAt } as const;
      return row
        ? write(row, change, undefined, ['leaseUntil', 'progress'])
        : repeated(claim, change);
    },

    requestCancel: async (projectId, id) => {
      if (cancelAbandoned(projectId, id)) return 'cancelled';
      const row = find(projectId, id);
      if (row?.status === 'in-progress') write(row, { cancelRequested: true }, undefined);
      return row?.status;
    },
    failAbandoned: async (projectId, id, error, findings) =>
      end(abandoned(projectId, id), 'failed', findings, { error }),
    completeAbandoned: async (projectId, id, result) =>
      end(abandoned(projectId, id), 'completed', result),
    requeue: async (projectId, id) => {
      const row = abandoned(projectId, id);
      if (row?.cancelRequested) {
        cancelAbandoned(projectId, id);
        return undefined;
      }
      const change = { status: 'pending', queuedAt: iso(clock()) } as const;
      return row && write(row, change, undefined, ['leaseUntil', 'retryAt', 'progress']);
    },
    markNotified: async (projectId, id) => {
      const row = find(projectId, id);
      if (row && isOpen(row, 'unnotified')) write(row, { toldAt: iso(clock()) }, undefined);
    },
  };
};
