import * as z from 'zod';
import type { Job } from './job.ts';
import type { UnfinishedObject } from './restore.ts';

/**
 * Restoring a backup into a scratch PostgreSQL and comparing it with its manifest. A verification that could not run never
 * counts as passed: it gives the reason.
 */
export const COMPARISONS = ['counts', 'rows'] as const;
/** `counts` compares every table's number of rows; `rows` also compares an order-independent hash of their contents. */
export type Comparison = (typeof COMPARISONS)[number];

export const VERDICTS = ['verified', 'failed', 'could-not-run'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface VerificationResult {
  readonly verdict: Verdict;
  /** For `could-not-run`: why, and what to do. */
  readonly why?: string;
  /** For `failed`: the differences, at most 50 lines; `differenceCount` counts all. */
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
  /** With `verified`: objects that need a restore with `onConflict: "report"`, and how to complete them. Every row was restored. */
  readonly unfinished?: readonly UnfinishedObject[];
  readonly serverVersion?: string;
  /** Largest size of the scratch server's folder, bytes. */
  readonly diskBytes?: number;
}

/** The result of a verification that could not run. */
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

export const VERIFICATION_STEPS = ['loading', 'comparing'] as const;

export interface VerificationProgress {
  readonly step: (typeof VERIFICATION_STEPS)[number];
  /** Bytes of the stored object read so far. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  /** When the step began. */
  readonly since: string;
  readonly at: string;
}

export interface Verification extends Job {
  readonly compare: Comparison;
  /** A person requested it and gets a mail with the result. */
  readonly asked: boolean;
  readonly progress?: VerificationProgress;
  readonly result?: VerificationResult;
}

/** POST .../verify. */
export const verifyRequest = z.strictObject({
  /** Absent: as configured. `rows` needs a backup with row hashes. */
  compare: z.enum(COMPARISONS).optional(),
});
export type VerifyRequest = z.output<typeof verifyRequest>;

/** Which backups are verified without a request. */
export const WHICH = z.union([
  z.enum(['none', 'each', 'weekly']),
  /** This share of all, from 0 to 1. */
  z.strictObject({ share: z.number().min(0).max(1) }),
]);

const MiB = 1024 ** 2;
export const verificationSettings = z.strictObject({
  /** `weekly`: one backup of each project in a calendar week (ISO 8601, UTC). */
  which: WHICH.default('weekly'),
  compare: z.enum(COMPARISONS).default('counts'),
  /** Bytes of the function's /tmp. */
  temporaryBytes: z
    .int()
    .min(0)
    .default(4096 * MiB),
});
export type VerificationSettings = z.output<typeof verificationSettings>;
