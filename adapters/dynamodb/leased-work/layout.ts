import { type Backup, iso, millis } from '../../../core/backup.ts';
import { TABLE } from '../../../core/contract.ts';
import { shardOf } from '../../../core/ids.ts';
import type { Job } from '../../../core/job.ts';
import type { Findings, OpenState } from '../../../core/leased-work/store.ts';
import type { LeasedWork, WorkRef } from '../../../core/leased-work/work.ts';
import type { Restore } from '../../../core/restore.ts';
import type { Verification } from '../../../core/verification.ts';
import { settleRetention } from '../retention.ts';
import {
  backupKey,
  backupOf,
  dayIndex,
  dayKeyOf,
  epochSeconds,
  partitionOf,
  rowOf,
  type StatusPart,
  statusSortOf,
  withoutStorage,
} from '../rows.ts';
import type { HistoryTable, Key, Row } from '../table.ts';

/** The layout of the rows of one kind of leased work, and what the last write of a row adds. */
export interface Layout<W extends LeasedWork> {
  readonly keyOf: (projectId: string, id: string) => Key;
  /** The whole row, without its part of the index of open work. */
  readonly rowOf: (work: W) => Row & Key;
  readonly recordOf: (row: Row) => W;
  /** The part of the index of open work that lists only this kind. */
  readonly partOf: (state: OpenState) => StatusPart;
  /** Whether the write that completes a row sets its `ttl`, as a failure or a cancellation does. */
  readonly completedExpires: boolean;
  /** Attributes that list a row among those that ended badly; none if the row did not end badly. */
  readonly listBad: (ref: WorkRef, findings: Findings<W>, failed: boolean, now: number) => Row;
  /** Runs after the write that completed a row. It may run more than once. */
  readonly afterCompletion?: (access: HistoryTable, projectId: string) => Promise<void>;
}

/** Retention sets the `ttl` of completed backups. */
export const BACKUP_LAYOUT: Layout<Backup> = {
  keyOf: backupKey,
  rowOf,
  recordOf: backupOf,
  partOf: (state) => state,
  completedExpires: false,
  listBad: () => ({}),
  afterCompletion: settleRetention,
};

/** Milliseconds that the successful attempt took. */
const durationOf = ({ status, startedAt, completedAt }: Row): { readonly durationMs?: number } =>
  status === 'completed' && typeof startedAt === 'string' && typeof completedAt === 'string'
    ? { durationMs: millis(completedAt) - millis(startedAt) }
    : {};

export type JobKind = 'restore' | 'verification';

/** Key of the day index for jobs of a kind that ended badly on the day of `time`. */
export const badDayKeyOf = (kind: JobKind, time: string, shard: number): string =>
  dayKeyOf(`${kind}-failed-${time.slice(0, 10)}`, shard);

/**
 * Rows in their project's partition, with a key prefix for each kind, sorted by UUIDv7. The day index lists only those that ended
 * badly, by kind and by the day of the end.
 */
const jobLayout = <J extends Job>(
  kind: JobKind,
  prefix: string,
  isBad: (findings: Findings<J>) => boolean,
): Layout<J> => {
  const keyOf = (projectId: string, id: string): Key => ({
    pk: partitionOf(projectId),
    sk: `${prefix}${id}`,
  });
  return {
    keyOf,
    rowOf: (job) => ({
      ...(job as Job & Row),
      ...keyOf(job.projectId, job.id),
      kind,
      expirySeconds: epochSeconds(millis(job.expiresAt)),
      ...statusSortOf(job),
    }),
    recordOf: (row) => {
      const { [TABLE.ttl]: _, ...job } = withoutStorage(row);
      return { ...job, ...durationOf(job) } as Row & J;
    },
    partOf: (state) => `${kind}-${state}`,
    completedExpires: true,
    listBad: ({ projectId, id }, findings, failed, now) =>
      failed || isBad(findings)
        ? {
            [dayIndex.pk]: badDayKeyOf(kind, iso(now), shardOf(projectId, TABLE.shards)),
            [dayIndex.sk]: `${iso(now)}#${id}`,
          }
        : {},
  };
};

export const RESTORE_LAYOUT = jobLayout<Restore>('restore', TABLE.restorePrefix, () => false);
/** A completed verification ended badly unless the backup is verified. */
export const VERIFICATION_LAYOUT = jobLayout<Verification>(
  'verification',
  TABLE.verificationPrefix,
  ({ result }) => result !== undefined && result.verdict !== 'verified',
);
