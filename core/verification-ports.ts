import type { Manifest } from './manifest.ts';
import type { Comparison, VerificationResult } from './verification.ts';

/** Restores a backup only to compare it with its manifest. */
export interface ScratchRestoreRequest {
  readonly manifest: Manifest;
  readonly compare: Comparison;
  /** The backup's SQL, anew at each call, for a server of that major. */
  readonly openText: (serverMajor: number) => Promise<AsyncIterable<Buffer>>;
  /** Asked once the text has ended and before anything is compared: all stored bytes were read and are the right ones. */
  readonly confirm: () => Promise<void>;
  readonly signal: AbortSignal;
}

export type ScratchRestoreResult = Required<
  Omit<VerificationResult, 'verdict' | 'why' | 'unfinished'>
> &
  Pick<VerificationResult, 'unfinished'>;

/**
 * Nothing of it is left when it resolves or rejects. It rejects where the backup could not be brought back: with StatementRefused,
 * DumpUnreadable or RestoreMismatch where that is the backup's fault, with RehearsalImpossible or an error of the scratch
 * server where it is not, or with what `openText` or `confirm` rejected with.
 */
export interface ScratchRestores {
  restoreAndCompare(request: ScratchRestoreRequest): Promise<ScratchRestoreResult>;
}
