import type { Backup, BackupType, Completion, Status } from './backup.ts';
import type { WorkStore } from './leased-work/store.ts';
import type { Page } from './ports.ts';
import type { BackupSummary } from './statistics.ts';

export interface BackupQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly status?: Status;
  readonly type?: BackupType;
  /** ISO 8601, both inclusive, by `createdAt`. */
  readonly from?: string;
  readonly to?: string;
}

/** Backups in the history table. The write that completes a backup also settles its project's retention. */
export interface History extends WorkStore<Backup, Completion> {
  /** Newest first; without expired and deleted backups, unless `status` asks for them. @throws InvalidInput for a cursor not of this project. */
  list(projectId: string, query: BackupQuery): Promise<Page<Backup>>;
  /** The newest completed full backup that no verification found damaged, if any. */
  latest(projectId: string): Promise<Backup | undefined>;
  /** Rows of one UTC day (`2026-11-21`), newest first, without expired and deleted backups. */
  ofDay(day: string, limit: number): Promise<readonly Backup[]>;
  /**
   * Summaries of one UTC day's backups in no order, from the index: eventually consistent. Stops after `most` of them; expired and
   * deleted ones may be among them.
   */
  summaries(day: string, most: number): AsyncIterable<BackupSummary>;
  /** Rows of backups by their ids, in no order. Missing ones are left out. */
  read(refs: readonly Pick<Backup, 'projectId' | 'id'>[]): Promise<readonly Backup[]>;
  /** Writes a `deleted` row for a backup that retention removed. Changes nothing if a row exists. */
  leaveDeleted(backup: Backup, why: string): Promise<'written' | 'exists'>;
  /** Replays the move of `ttl` for one project, after a crash between its two writes. */
  settleRetention(projectId: string): Promise<void>;
  /** Makes a repeated request idempotent: returns the backup id kept under this key, or keeps the given one for 24 h. @throws IdempotencyConflict */
  remember(projectId: string, key: string, requestHash: string, backupId: string): Promise<string>;
}
