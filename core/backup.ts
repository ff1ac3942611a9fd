import * as z from 'zod';
import { type LeasedWork, WORK_STATUSES } from './leased-work/work.ts';
import type { Generation, RetentionClass } from './retention/classes.ts';
import type { RetentionPolicy } from './retention/policy.ts';

/**
 * One export of one project: a row of the history, and an object in the vault once it is completed.
 * Times are ISO 8601 in UTC with milliseconds, sizes are bytes, durations milliseconds.
 */
export const CONTENTS = ['full', 'schema', 'data'] as const;
export const FORMATS = ['custom', 'plain', 'tar'] as const;
export const COMPRESSIONS = ['none', 'gzip', 'zstd', 'bzip2'] as const;
export const TRIGGERS = ['manual', 'scheduled', 'pre-migration'] as const;
export const TYPES = ['database', 'storage', 'logs'] as const;
/** The types that backups have so far. */
export const BACKED_UP = ['database'] as const satisfies readonly (typeof TYPES)[number][];
export const STATUSES = [...WORK_STATUSES, 'deleted'] as const;
export const VALIDATIONS = [
  'unverified',
  'verifying',
  'verified',
  'failed',
  'could-not-run',
] as const;

export type Content = (typeof CONTENTS)[number];
export type Format = (typeof FORMATS)[number];
export type Compression = (typeof COMPRESSIONS)[number];
export type Trigger = (typeof TRIGGERS)[number];
export type BackupType = (typeof TYPES)[number];
export type Status = (typeof STATUSES)[number];
export type Validation = (typeof VALIDATIONS)[number];

export interface Progress {
  /** Tables whose contents pg_dump has begun or finished, of all that it will dump. */
  readonly tablesDone: number;
  readonly tablesTotal: number;
  /** Bytes on the server of the tables that are done, and of all; absent in rows of older versions. */
  readonly sourceBytesDone?: number;
  readonly sourceBytesTotal?: number;
  /** Bytes of the backup produced so far. */
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly at: string;
}

/** What an attempt finds out; fixed by the write that makes a backup `completed`. */
export interface Completion {
  readonly fileId: string;
  readonly size: number;
  readonly sourceBytes: number;
  /** SHA-256 of the object, hex. */
  readonly checksum: string;
  /** Of the manifest beside it, hex; absent in rows written before it was kept. */
  readonly manifestSha256?: string;
  readonly tableCount: number;
  readonly rowCount: number;
  readonly compression: Compression;
  /** When it ended; also set for failed and cancelled backups. */
  readonly completedAt: string;
  readonly durationMs: number;
  readonly warnings: readonly string[];
  /** Number of warnings about content that the previous backup had and this one lacks. Absent if there are none. */
  readonly anomalyCount?: number;
}

export interface Backup extends LeasedWork, Partial<Completion> {
  /** Of `Completion`. */
  readonly completedAt?: string;
  readonly durationMs?: number;
  readonly schemaName: string;
  readonly name: string;
  readonly description: string;
  readonly type: BackupType;
  readonly content: Content;
  readonly trigger: Trigger;
  readonly format: Format;
  /** The requested compression; absent means the best that the server's version allows. */
  readonly compression?: Compression;
  readonly status: Status;
  readonly validation: Validation;
  readonly retentionClass: RetentionClass;
  /** When retention may remove it. Reads filter by this time. */
  readonly expiresAt: string;
  /** Decides class and `expiresAt` at completion (core/retention/generations.ts). Absent: they stay as requested. */
  readonly retentionPolicy?: RetentionPolicy;
  /** The request named the days that it is kept, so no policy of its project changes them. */
  readonly fixedRetention?: true;
  /** Classes that it holds by its policy, shortest-lived first; absent before they are decided. */
  readonly generations?: readonly Generation[];
  /**
   * Epoch seconds from which DynamoDB may remove the row. Only final rows have it. The last good
   * backups of a project (core/last-good.ts) have none: they are kept beyond `expiresAt`.
   */
  readonly ttl?: number;
  readonly runId?: string;
  /** The part of the run's list of open backups that holds this one. */
  readonly runChunk?: string;
  readonly progress?: Progress;
  /** The verification that set `validation`, when it ended, and its finding in one line. */
  readonly verificationId?: string;
  readonly validatedAt?: string;
  readonly validationWhy?: string;
  /** When a person last changed `name`, `description` or `expiresAt`: its manifest has the earlier ones. */
  readonly changedAt?: string;
  /** True: retention does not remove it. Absent otherwise. */
  readonly pinned?: boolean;
  readonly deletedAt?: string;
  readonly deletedWhy?: string;
  /** ARN of the principal that deleted it; absent if retention did, or if the caller is unknown. */
  readonly deletedBy?: string;
}

const isOneLine = (text: string): boolean => !/[\p{Cc}\u2028\u2029]/u.test(text);

/** Names are shown in lists and in the subjects of mails. */
export const backupName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(isOneLine, 'give one line of text, without control characters');
export const backupDescription = z.string().max(2000);

/** Days after its request for which a backup can be kept without being pinned. */
export const MOST_RETENTION_DAYS = 3650;

/** What a person may ask for when requesting a backup by hand. */
export const backupRequest = z.strictObject({
  name: backupName.optional(),
  description: backupDescription.optional(),
  trigger: z.enum(['manual', 'pre-migration']).optional(),
  content: z.enum(CONTENTS).optional(),
  format: z.enum(FORMATS).optional(),
  compression: z.enum(COMPRESSIONS).optional(),
  retentionDays: z.number().int().min(1).max(MOST_RETENTION_DAYS).optional(),
});
export type BackupRequest = z.infer<typeof backupRequest>;

/** True if retention has removed the backup, even if its row still exists: no reader may get it any more. */
export const hasExpired = (backup: Pick<Backup, 'expiresAt' | 'ttl'>, now: number): boolean =>
  backup.ttl !== undefined && Date.parse(backup.expiresAt) <= now;

/** Milliseconds of an ISO time. */
export const millis = (iso: string): number => Date.parse(iso);
/** ISO 8601 in UTC with milliseconds. */
export const iso = (time: number | Date): string => new Date(time).toISOString();
