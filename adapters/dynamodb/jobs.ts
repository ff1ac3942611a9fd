import { iso, millis } from '../../core/backup.ts';
import { TABLE } from '../../core/contract.ts';
import { shardOf } from '../../core/ids.ts';
import { hasLapsed, type Job } from '../../core/job.ts';
import type {
  JobClaim,
  JobClaimOutcome,
  JobFindings,
  Jobs,
  OpenJob,
  Restores,
  Verifications,
} from '../../core/job-ports.ts';
import type { Page } from '../../core/ports.ts';
import type { Restore } from '../../core/restore.ts';
import type { Verification } from '../../core/verification.ts';
import { makeAbandoned } from './abandoned.ts';
import { cursorOf, positionOf } from './cursors.ts';
import { type Lease, type LeasedKind, makeLeases } from './leases.ts';
import {
  dayIndex,
  dayKeyOf,
  epochSeconds,
  inPart,
  type OpenState,
  partitionOf,
  statusIndex,
  statusKeyOf,
  statusSortOf,
  withoutStorage,
} from './rows.ts';
import { getRow, type HistoryTable, putRow, queryRows, type Row, SHARDS } from './table.ts';

/**
 * Restores and verifications: rows of their project's partition, each kind below a prefix of its own and sorted by
 * UUIDv7. They are claimed, leased and ended by the very writes that backups are. Their `ttl` comes with the
 * write that ends them. In a day's list are only those that ended badly, in one of their kind and of the day they ended.
 */
interface JobRows<J extends Job> extends LeasedKind<J> {
  /** True where a job that came to its end has found something wrong. */
  readonly isBad: (findings: JobFindings<J>) => boolean;
  readonly kind: 'restore' | 'verification';
  readonly prefix: string;
}

const jobRows = <J extends Job>(
  kind: JobRows<J>['kind'],
  prefix: string,
  isBad: JobRows<J>['isBad'],
): JobRows<J> => ({
  isBad,
  kind,
  prefix,
  keyOf: (projectId, id) => ({ pk: partitionOf(projectId), sk: `${prefix}${id}` }),
  recordOf: (row) => {
    const { [TABLE.ttl]: _, ...job } = withoutStorage(row);
    return { ...job, ...durationOf(job) } as Row & J;
  },
  partOf: (state: OpenState) => `${kind}-${state}`,
});

/** How long the attempt took that succeeded, milliseconds. */
const durationOf = ({ status, startedAt, completedAt }: Row): { readonly durationMs?: number } =>
  status === 'completed' && typeof startedAt === 'string' && typeof completedAt === 'string'
    ? { durationMs: millis(completedAt) - millis(startedAt) }
    : {};

const list = async <J extends Job>(
  access: HistoryTable,
  rows: JobRows<J>,
  projectId: string,
  query: Parameters<Jobs<J>['list']>[1],
): Promise<Page<J>> => {
  const { backupId, limit, cursor } = query;
  const name = `${projectId}\0${rows.kind}\0${backupId ?? ''}`;
  const after = cursor === undefined ? undefined : positionOf(name, cursor);
  const now = access.clock();
  const found: J[] = [];
  const all = queryRows(access, {
    where: '#pk = :pk AND begins_with(#sk, :jobs)',
    values: {
      ':pk': partitionOf(projectId),
      ':jobs': rows.prefix,
      ...(backupId !== undefined && { ':backup': backupId }),
    },
    ...(backupId !== undefined && { filter: '#backupId = :backup' }),
    newestFirst: true,
    firstPage: limit + 1,
    ...(after !== undefined && { after: { ...rows.keyOf(projectId, after) } }),
  });
  for await (const row of all) {
    const job = rows.recordOf(row);
    if (hasLapsed(job, now)) continue;
    found.push(job);
    // One more than asked for shows whether there is another page.
    if (found.length > limit) break;
  }
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > items.length && last
    ? { items, cursor: cursorOf(name, last.id) }
    : { items };
};

async function* open<J extends Job>(
  access: HistoryTable,
  rows: JobRows<J>,
  state: OpenState,
): AsyncGenerator<OpenJob> {
  for (const shard of SHARDS) {
    const found = queryRows(access, {
      index: statusIndex.name,
      where: `#${statusIndex.pk} = :part`,
      values: { ':part': statusKeyOf(rows.partOf(state), shard) },
    });
    for await (const row of found) yield withoutStorage(row) as Row & OpenJob;
  }
}

const DAY_MS = 86_400_000;

const failedKeyOf = (kind: JobRows<Job>['kind'], time: string, shard: number): string =>
  dayKeyOf(`${kind}-failed-${time.slice(0, 10)}`, shard);

/** The attributes that list a job among those of the day that ended badly. */
const failedAt = (
  { kind }: Pick<JobRows<Job>, 'kind'>,
  projectId: string,
  id: string,
  now: number,
): Row => ({
  [dayIndex.pk]: failedKeyOf(kind, iso(now), shardOf(projectId, TABLE.shards)),
  [dayIndex.sk]: `${iso(now)}#${id}`,
});

async function* failedSince(
  access: HistoryTable,
  { kind }: Pick<JobRows<Job>, 'kind'>,
  since: string,
): AsyncGenerator<string> {
  const last = iso(access.clock()).slice(0, 10);
  for (let day = since.slice(0, 10); day <= last; day = iso(millis(day) + DAY_MS).slice(0, 10)) {
    for (const shard of SHARDS) {
      const found = queryRows(access, {
        index: dayIndex.name,
        where: `#${dayIndex.pk} = :day AND #${dayIndex.sk} >= :since`,
        values: { ':day': failedKeyOf(kind, day, shard), ':since': since },
      });
      for await (const row of found) yield String(row[dayIndex.sk]).replace(/^.*#/, '');
    }
  }
}

const leaseOf = ({ projectId, jobId, attempt }: JobClaim): Lease => ({
  projectId,
  id: jobId,
  attempt,
});

const makeJobs = <J extends Job>(access: HistoryTable, rows: JobRows<J>): Jobs<J> => {
  const leases = makeLeases(access, rows);
  const bad = (projectId: string, id: string): Row => failedAt(rows, projectId, id, access.clock());
  const { failAbandoned, completeAbandoned, ...abandoned } = makeAbandoned(access, rows);
  return {
    create: async (job) => {
      const created = await putRow(access, {
        ...(job as Job & Row),
        ...rows.keyOf(job.projectId, job.id),
        kind: rows.kind,
        expirySeconds: epochSeconds(millis(job.expiresAt)),
        ...statusSortOf(job),
        ...inPart(job.projectId, rows.partOf('pending')),
      });
      return created ? 'created' : 'exists';
    },

    get: async (projectId, id) => {
      const row = await getRow(access, rows.keyOf(projectId, id));
      return row && rows.recordOf(row);
    },

    list: (projectId, query) => list(access, rows, projectId, query),
    open: (state) => open(access, rows, state),
    failedSince: (since) => failedSince(access, rows, since),

    claim: async (projectId, id): Promise<JobClaimOutcome<J>> => {
      const outcome = await leases.claim(projectId, id);
      if (outcome.kind === 'exhausted') return { kind: 'exhausted', job: outcome.record };
      if (outcome.kind !== 'claimed') return outcome;
      const { record: job } = outcome;
      return { kind: 'claimed', claim: { projectId, jobId: id, attempt: job.attempt }, job };
    },

    heartbeat: (claim, findings) => leases.heartbeat(leaseOf(claim), { ...findings }),

    complete: (claim, findings) =>
      leases.complete(
        leaseOf(claim),
        {
          set: {
            ...findings,
            ...(rows.isBad(findings) && bad(claim.projectId, claim.jobId)),
            completedAt: iso(access.clock()),
          },
          copy: { [TABLE.ttl]: 'expirySeconds' },
        },
        // Only who holds this attempt could have written it.
        () => true,
      ),

    fail: (claim, failure, findings) =>
      leases.fail(leaseOf(claim), failure, {
        ...findings,
        ...bad(claim.projectId, claim.jobId),
      }),
    cancel: (claim) => leases.cancel(leaseOf(claim)),
    release: (claim, failure, retryAt) => leases.release(leaseOf(claim), failure, retryAt),
    failAbandoned: (projectId, id, failure, findings) =>
      failAbandoned(projectId, id, failure, { ...findings, ...bad(projectId, id) }),
    completeAbandoned: (projectId, id, findings) =>
      completeAbandoned(projectId, id, { ...findings }),
    ...abandoned,
  };
};

const RESTORE_ROWS = jobRows<Restore>('restore', TABLE.restorePrefix, () => false);
const VERIFICATION_ROWS = jobRows<Verification>(
  'verification',
  TABLE.verificationPrefix,
  ({ result }) => result !== undefined && result.verdict !== 'verified',
);

export const makeRestores = (access: HistoryTable): Restores => makeJobs(access, RESTORE_ROWS);

export const makeVerifications = (access: HistoryTable): Verifications =>
  makeJobs(access, VERIFICATION_ROWS);
