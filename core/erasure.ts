import * as z from 'zod';
import { sha256Hex } from './ids.ts';
import type { ManifestSignature } from './manifest.ts';

/** Erasing a tenant: everything of it is removed, and one row remains, which says so. */

/** Status in the registry of a project that was erased, or is being erased. */
export const ERASED = 'ERASED';

/** Body of POST …/erase. */
export const eraseRequest = z.strictObject({
  /** The project's id: it shows that no other project is meant. */
  confirm: z.string().max(512),
  /** Erases the backups of a project that its source still lists. */
  acceptListed: z.boolean().default(false),
});

/** What was removed, over all attempts. */
export interface Removed {
  /** Versions of objects, and delete markers. */
  readonly objects: number;
  readonly uploads: number;
  readonly rows: number;
  readonly schedules: number;
}

export const NOTHING_REMOVED: Removed = { objects: 0, uploads: 0, rows: 0, schedules: 0 };

/** Why objects are still there: S3's object lock forbids it, or S3 refuses it for another reason. */
export interface Remaining {
  readonly reason: 'object-lock' | 'refused';
  readonly objects: number;
}

export interface Erasure {
  readonly projectId: string;
  /** ISO 8601. */
  readonly requestedAt: string;
  /** ARN of the caller, if the API knew it. */
  readonly requestedBy?: string;
  readonly status: 'in-progress' | 'completed';
  /** Backups, restores and verifications of it that have not stopped yet. */
  readonly waitingFor: number;
  readonly removed: Removed;
  readonly remaining?: Remaining;
  readonly completedAt?: string;
  readonly statement?: SignedStatement;
}

/** What is signed when nothing is left. */
export interface ErasureStatement {
  readonly version: 1;
  readonly kind: 'erasure';
  readonly environment: string;
  readonly projectId: string;
  readonly requestedAt: string;
  readonly requestedBy?: string;
  readonly completedAt: string;
  readonly removed: Removed;
}

export interface SignedStatement {
  /** The statement as JSON: the signature covers exactly these characters. */
  readonly text: string;
  readonly signature: ManifestSignature;
}

/** The message that is signed, below KMS's limit of 4,096 bytes. */
export const erasureMessage = (text: string): string => `larder erasure 1\n${sha256Hex(text)}`;

/** The event of `erase`. */
export const eraseEvent = z.strictObject({ projectId: z.string().min(1).max(512) });
export type EraseEvent = z.infer<typeof eraseEvent>;
