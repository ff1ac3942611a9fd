import type { Validation } from './backup.ts';
import type { Job } from './job.ts';
import type { WorkStore } from './leased-work/store.ts';
import type { Page } from './ports.ts';
import type { Restore } from './restore.ts';
import type { Comparison, Verification } from './verification.ts';

/** Restores or verifications in the history table. */
export interface Jobs<J extends Job> extends WorkStore<J> {
  /** Newest first; only those of one backup if its id is given. @throws InvalidInput for a cursor not of this project. */
  list(
    projectId: string,
    query: { readonly backupId?: string; readonly limit: number; readonly cursor?: string },
  ): Promise<Page<J>>;
  /**
   * Ids of those that ended without the requested result since then, in no order: the job failed, or it found a defect in what it examined.
   * Eventually consistent. @param since UTC, ISO 8601
   */
  failedSince(since: string): AsyncIterable<string>;
}
export type Restores = Jobs<Restore>;
export type Verifications = Jobs<Verification>;

/** What a backup's row records about its verification. */
export interface ValidationNote {
  readonly validation: Validation;
  readonly verificationId: string;
  readonly validatedAt: string;
  /** What was compared; absent if nothing was. Only a comparison of rows clears a failure found by rows. */
  readonly compare?: Comparison;
  readonly why?: string;
}
export interface Validations {
  /** Writes it on the backup's row, unless a newer verification (by id) has written there, or the row is gone. */
  noteValidation(projectId: string, backupId: string, note: ValidationNote): Promise<void>;
}
