import * as z from 'zod';
import type { Job } from './job.ts';
import type { UnfinishedObject } from './restore.ts';

/**
 * Restoring a backup into a scratch PostgreSQL and comparing it with its manifest. A verification that could not run is
 * never one that passed: it says why.
 */
export const COMPARISONS = ['counts', 'rows'] as const;
/** `counts` compares every table's number of rows, `rows` also a hash of their contents that knows no order. */
export type Comparison = (typeof COMPARISONS)[number];

export const VERDICTS = ['verified', 'failed', 'could-not-run'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface VerificationResult {
  readonly verdict: Verdict;
  /** For `could-not-run`: why, and what to do. */
  readonly why?: string;
  /** For `failed`: what differs, at most 50 lines; `differenceCount` counts all. */
  readonly differences: readonly string[];
  readonly differenceCount: number;
  /** What was compared. */
  readonly checked: {
    readonly tables: number;
    readonly rows: number;
    readonly objects: number;
    readonly sequences: number;
    readonly foreignKeys: number;
    readonly materializedViews: number;
    /** Tables whose rows were compared by their hash. */
    readonly hashedTables: number;
  };
  /** What could not be compared, each with the reason, such as a foreign key to a table of another schema. */
  readonly notChecked: readonly string[];
  /** With `verified`: objects that only a restore with `onConflict: "report"` brings back, and how. Every row was restored. */
  readonly unfinished?: readonly UnfinishedObject[];
  readonly serverVersion?: string;
  /** Most that the scratch server's folder took, bytes. */
  readonly diskBytes?: number;
}

/** The result of one that could not run. */
export const notRun = (why: string): VerificationResult => ({
  verdict: 'could-not-run',
  why,
  differences: [],
  differenceCount: 0,
  checked: {
    tables: 0,
    rows: 0,
    objects: 0,
    sequences: 0,
    foreignKeys: 0,
    materializedViews: 0,
    hashedTables: 0,
  },
  notChecked: [],
});

export interface Verification extends Job {
  readonly compare: Comparison;
  /** A person asked for it and gets a mail with the result. */
  readonly asked: boolean;
  readonly result?: VerificationResult;
}

/** POST .../verify. */
export const verifyRequest = z.strictObject({
  /** Absent: as configured. `rows` needs a backup taken with it. */
  compare: z.enum(COMPARISONS).optional(),
});
export type VerifyRequest = z.output<typeof verifyRequest>;

/** Which backups are verified without being asked for. */
export const WHICH = z.union([
  z.enum(['none', 'each', 'weekly']),
  /** This part of all, from 0 to 1. */
  z.strictObject({ share: z.number().min(0).max(1) }),
]);

const MiB = 1024 ** 2;
export const verificationSettings = z.strictObject({
  /** `weekly`: one backup of each project in a calendar week (ISO 8601, UTC). */
  which: WHICH.default('weekly'),
  compare: z.enum(COMPARISONS).default('counts'),
  /** Bytes of /tmp of the function. */
  temporaryBytes: z
    .int()
    .min(0)
    .default(4096 * MiB),
});
export type VerificationSettings = z.output<typeof verificationSettings>;
