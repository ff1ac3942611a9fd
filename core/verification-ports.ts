import type { Manifest } from './manifest.ts';
import type { Comparison, VerificationResult } from './verification.ts';

/** Restores a backup only to compare it with its manifest. */
export interface ScratchRestoreRequest {
  readonly manifest: Manifest;
  readonly compare: Comparison;
  /** Opens the backup's SQL from the beginning, for a server of that major; may be called again. */
  readonly openText: (serverMajor: number) => Promise<AsyncIterable<Buffer>>;
  /** Called after the end of the SQL and before the comparison: checks that all stored bytes were read and are correct. */
  readonly confirm: () => Promise<void>;
  readonly signal: AbortSignal;
}

export type ScratchRestoreResult = Required<
  Omit<VerificationResult, 'verdict' | 'why' | 'unfinished'>
> &
  Pick<VerificationResult, 'unfinished'>;

/**
 * Nothing of the scratch restore is left when it resolves or rejects. If the backup could not be restored, it rejects: with
 * StatementRefused, DumpUnreadable or RestoreMismatch if that is the backup's fault; with RehearsalImpossible or an error of the
 * scratch server if it is not; or with the error of `openText` or `confirm`.
 */
export interface ScratchRestores {
  restoreAndCompare(request: ScratchRestoreRequest): Promise<ScratchRestoreResult>;
}
