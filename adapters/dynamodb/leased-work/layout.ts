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

/** How the rows of one kind of leased work are laid out, and what the writes that end them add. */
export interface Layout<W extends LeasedWork> {
  readonly keyOf: (projectId: string, id: string) => Key;
  /** The whole row, but for the part of the index of open work that lists it. */
  readonly rowOf: (work: W) => Row & Key;
  readonly recordOf: (row: Row) => W;
  /** The part of the index of open work that lists this kind and no other. */
  readonly partOf: (state: OpenState) => StatusPart;
  /** Whether the write that completes a row gives it its `ttl`, as those that end it otherwise do. */
  readonly completedExpires: boolean;
  /** Attributes that list a row among those that ended badly, where it did. */
  readonly listBad: (ref: WorkRef, findings: Findings<W>, failed: boolean, now: number) => Row;
  /** After the write that completed a row. May be repeated. */
  readonly afterCompletion?: (access: HistoryTable, projectId: string) => Promise<void>;
}

/** Which completed backups may go is for retention to say. */
export const BACKUP_LAYOUT: Layout<Backup> = {
  keyOf: backupKey,
  rowOf,
  recordOf: backupOf,
  partOf: (state) => state,
  completedExpires: false,
  listBad: () => ({}),
  afterCompletion: settleRetention,
};

/** How long the attempt took that succeeded, milliseconds. */
const durationOf = ({ status, startedAt, completedAt }: Row): { readonly durationMs?: number } =>
  status === 'completed' && typeof startedAt === 'string' && typeof completedAt === 'string'
    ? { durationMs: millis(completedAt) - millis(startedAt) }
    : {};

export type JobKind = 'restore' | 'verification';

/** Where the index of days lists the jobs of a kind that ended badly on the day of that time. */
export const badDayKeyOf = (kind: JobKind, time: string, shard: number): string =>
  dayKeyOf(`${kind}-failed-${time.slice(0, 10)}`, shard);

/**
 * Rows of their project's partition, each kind below a prefix of its own and sorted by UUIDv7. In a day's list are only those
 * that ended badly, in one of their kind and of the day they ended.
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
/** One that came to its end ended badly unless the backup is verified. */
export const VERIFICATION_LAYOUT = jobLayout<Verification>(
  'verification',
  TABLE.verificationPrefix,
  ({ result }) => result !== undefined && result.verdict !== 'verified',
);
