import * as z from 'zod';
import {
  type Backup,
  backupDescription,
  backupName,
  iso,
  MOST_RETENTION_DAYS,
  millis,
  type Status,
} from './backup.ts';

/** What a person may change of a backup that waits, runs or has completed, and its removal by hand. */
const FIELDS = ['name', 'description', 'pinned', 'expiresAt'] as const;

export const backupChange = z
  .strictObject({
    name: backupName.exactOptional(),
    description: backupDescription.exactOptional(),
    /** Pinned backups are kept until they are unpinned, whatever their retention. */
    pinned: z.boolean().exactOptional(),
    /** ISO 8601 with an offset. */
    expiresAt: z.iso
      .datetime({ offset: true, error: 'give an ISO 8601 time with its offset' })
      .transform((time) => iso(millis(time)))
      .exactOptional(),
  })
  .refine((change) => FIELDS.some((name) => change[name] !== undefined), {
    error: `give at least one of ${FIELDS.join(', ')}`,
  });
export type BackupChange = z.output<typeof backupChange>;

const DAY_MS = 86_400_000;

/** Why retention can't have this end, or undefined. */
export const expiryProblem = (
  { createdAt }: Pick<Backup, 'createdAt'>,
  expiresAt: string,
  now: number,
): string | undefined => {
  if (millis(expiresAt) <= now) return 'expiresAt: give a time in the future, or delete the backup';
  const last = millis(createdAt) + MOST_RETENTION_DAYS * DAY_MS;
  if (millis(expiresAt) <= last) return undefined;
  return `expiresAt: a backup is kept for ${MOST_RETENTION_DAYS} days at most, until ${iso(last)}; pin it to keep it longer`;
};

/** Days for which an unpinned backup is kept at least: its own retention may have ended while it was pinned. */
export const UNPINNED_DAYS = 7;

/** The end of retention after a change. Unpinning never puts it into the past. */
export const expiryAfter = (
  { pinned, expiresAt }: Pick<Backup, 'pinned' | 'expiresAt'>,
  change: BackupChange,
  now: number,
): string => {
  if (change.expiresAt !== undefined) return change.expiresAt;
  if (!pinned || change.pinned !== false || millis(expiresAt) > now) return expiresAt;
  return iso(now + UNPINNED_DAYS * DAY_MS);
};

export type ChangeOutcome =
  | { readonly kind: 'changed'; readonly backup: Backup }
  | { readonly kind: 'missing' }
  /** Its state allows no change. */
  | { readonly kind: 'final'; readonly status: Status };

export interface Removal {
  /** ARN of the caller, if it is known. */
  readonly by?: string;
  readonly why: string;
  /** Also if it is pinned, or the last good one. */
  readonly force: boolean;
}

export type RemovalOutcome =
  /** `backup` is its `deleted` row; its objects are still in the vault. */
  | { readonly kind: 'removed'; readonly backup: Backup }
  | { readonly kind: 'missing' }
  /** It waits or runs. */
  | { readonly kind: 'open'; readonly status: Status }
  | { readonly kind: 'pinned' }
  | { readonly kind: 'last-good' };
