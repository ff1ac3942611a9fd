import type { Backup, BackupType, Completion, Status, Trigger, Validation } from './backup.ts';
import type { BackupChange, ChangeOutcome, Removal, RemovalOutcome } from './backup-change.ts';
import type { WorkStore } from './leased-work/store.ts';
import type { Page } from './ports.ts';
import type { BackupSummary } from './statistics.ts';

/** By the time of the request, as the ids of backups order them. */
export const SORTS = ['newest', 'oldest'] as const;
export type Sort = (typeof SORTS)[number];

/** Absent members select everything. */
export interface BackupFilter {
  readonly status?: Status;
  readonly type?: BackupType;
  readonly trigger?: Trigger;
  /** A part of the name; upper and lower case differ. */
  readonly name?: string;
  readonly validation?: Validation;
  /** Bytes stored, both inclusive; either one leaves out backups without a size. */
  readonly minSize?: number;
  readonly maxSize?: number;
}

export interface DayQuery extends BackupFilter {
  readonly limit: number;
  /** Of the same list in the same order. */
  readonly cursor?: string;
  /** `newest` first, if absent. */
  readonly sort?: Sort;
}

export interface BackupQuery extends DayQuery {
  readonly pinned?: boolean;
  /** ISO 8601, both inclusive, by `createdAt`. */
  readonly from?: string;
  readonly to?: string;
}

/** Backups in the history table. The write that completes a backup also settles its project's retention. */
export interface History extends WorkStore<Backup, Completion> {
  /** Without expired and deleted backups, unless `status` asks for them. @throws InvalidInput for a cursor of another list or order */
  list(projectId: string, query: BackupQuery): Promise<Page<Backup>>;
  /**
   * The newest completed full backup that no verification found damaged, if any.
   * @param at ISO 8601: only those that had completed at this time and still exist
   */
  latest(projectId: string, at?: string): Promise<Backup | undefined>;
  /**
   * Backups of all projects that were created on one UTC day (`2026-11-21`), as `list` selects them. The index lags a moment behind.
   * @throws InvalidInput for a cursor of another list or order
   */
  ofDay(day: string, query: DayQuery): Promise<Page<Backup>>;
  /**
   * Summaries of one UTC day's backups in no order, from the index: eventually consistent. Stops after `most` of them; expired and
   * deleted ones may be among them.
   */
  summaries(day: string, most: number): AsyncIterable<BackupSummary>;
  /** Rows of backups by their ids, in no order. Missing ones are left out. */
  read(refs: readonly Pick<Backup, 'projectId' | 'id'>[]): Promise<readonly Backup[]>;
  /** Writes a `deleted` row for a backup that retention removed. Changes nothing if a row exists. */
  leaveDeleted(backup: Backup, why: string): Promise<'written' | 'exists'>;
  /** Changes a backup that waits, runs or has completed. A pinned row has no `ttl`. */
  change(projectId: string, backupId: string, change: BackupChange): Promise<ChangeOutcome>;
  /**
   * Makes the row of an ended backup a `deleted` one, which is kept as long as those that retention leaves. From then on no reader gets
   * the backup, and its objects may be removed. A second removal returns the row of the first.
   */
  remove(projectId: string, backupId: string, removal: Removal): Promise<RemovalOutcome>;
  /** Replays the move of `ttl` for one project, after a crash between its two writes. */
  settleRetention(projectId: string): Promise<void>;
  /** Makes a repeated request idempotent: returns the backup id kept under this key, or keeps the given one for 24 h. @throws IdempotencyConflict */
  remember(projectId: string, key: string, requestHash: string, backupId: string): Promise<string>;
}
