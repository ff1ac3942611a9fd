import { type Backup, iso, millis } from './backup.ts';
import type { RegisteredProject } from './project.ts';
import { ACTIVE, GONE } from './project.ts';

/** Figures about many backups, added up row by row. Times are ISO 8601 in UTC, sizes bytes. */

/** The members of a backup's row that figures are made of: all are in the index by day. */
export type BackupSummary = Pick<
  Backup,
  | 'id'
  | 'projectId'
  | 'source'
  | 'status'
  | 'validation'
  | 'size'
  | 'createdAt'
  | 'completedAt'
  | 'durationMs'
>;

export interface DayFigures {
  /** UTC. */
  readonly day: string;
  readonly completed: number;
  readonly failed: number;
  /** Of the backups that completed. */
  readonly bytes: number;
}

export interface Figures {
  readonly backups: {
    readonly total: number;
    readonly open: number;
    readonly completed: number;
    readonly failed: number;
    readonly cancelled: number;
  };
  /** Of the backups that completed. */
  readonly bytes: number;
  /** Completed, of those that completed or failed; absent if there are none. From 0 to 1. */
  readonly successRate?: number;
  /** Verified, of those that completed; absent if there are none. */
  readonly verifiedShare?: number;
  /** Stored bytes a second of all exports that completed; absent if there are none. */
  readonly meanBytesPerSecond?: number;
  /** The one that completed last. */
  readonly lastSuccess?: {
    readonly projectId: string;
    readonly backupId: string;
    readonly at: string;
  };
  /** Every day of the window, the oldest first. */
  readonly byDay: readonly DayFigures[];
}

const DAY_MS = 86_400_000;

/** The last `count` UTC days up to now, the oldest first. */
export const lastDays = (now: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => iso(now - (count - 1 - index) * DAY_MS).slice(0, 10));

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Adds backups up. `days` are those that `byDay` lists; backups of other days count in the sums only. */
export const makeFigures = (days: readonly string[]) => {
  const byDay = new Map<string, Mutable<DayFigures>>(
    days.map((day) => [day, { day, completed: 0, failed: 0, bytes: 0 }]),
  );
  const backups = { total: 0, open: 0, completed: 0, failed: 0, cancelled: 0 };
  let bytes = 0;
  let verified = 0;
  let durationMs = 0;
  let timedBytes = 0;
  let last: BackupSummary | undefined;

  const addCompleted = (backup: BackupSummary, day: Mutable<DayFigures> | undefined): void => {
    const size = backup.size ?? 0;
    bytes += size;
    if (day) {
      day.completed += 1;
      day.bytes += size;
    }
    if (backup.validation === 'verified') verified += 1;
    if (backup.durationMs) {
      durationMs += backup.durationMs;
      timedBytes += size;
    }
    if ((backup.completedAt ?? '') > (last?.completedAt ?? '')) last = backup;
  };

  return {
    add: (backup: BackupSummary): void => {
      const { status } = backup;
      // The row of a removed backup only records the removal.
      if (status === 'deleted') return;
      const day = byDay.get(backup.createdAt.slice(0, 10));
      backups.total += 1;
      if (status === 'pending' || status === 'in-progress') backups.open += 1;
      else backups[status] += 1;
      if (status === 'completed') addCompleted(backup, day);
      if (status === 'failed' && day) day.failed += 1;
    },
    figures: (): Figures => {
      const ended = backups.completed + backups.failed;
      return {
        backups: { ...backups },
        bytes,
        ...(ended && { successRate: backups.completed / ended }),
        ...(backups.completed && { verifiedShare: verified / backups.completed }),
        ...(durationMs && { meanBytesPerSecond: Math.round(timedBytes / (durationMs / 1000)) }),
        ...(last?.completedAt !== undefined && {
          lastSuccess: { projectId: last.projectId, backupId: last.id, at: last.completedAt },
        }),
        byDay: [...byDay.values()].map((day) => ({ ...day })),
      };
    },
  };
};

export interface ProjectCounts {
  readonly active: number;
  readonly inactive: number;
  /** Their source no longer lists them. */
  readonly gone: number;
  /** Active ones without a good backup. */
  readonly withoutBackup: number;
  /** Active ones without a backup that passed its verification. */
  readonly withoutVerified: number;
}

export type KnownProject = Pick<RegisteredProject, 'id' | 'source' | 'status' | 'lastSuccess'>;

/** An active project and the age of a backup, milliseconds. */
export interface Aged {
  readonly projectId: string;
  readonly source: string;
  readonly age: number;
}

const ageOf = (at: string | undefined, now: number): number | undefined =>
  at === undefined ? undefined : now - millis(at);

const oldestFirst = (one: Aged, other: Aged): number => other.age - one.age;

/** Counts projects, and lists the active ones whose newest backup is the oldest. */
export const makeProjectFigures = (now: number) => {
  const counts = { active: 0, inactive: 0, gone: 0, withoutBackup: 0, withoutVerified: 0 };
  const good: Aged[] = [];
  const verified: Aged[] = [];
  return {
    add: ({ id, source, status, lastSuccess }: KnownProject): void => {
      if (status === GONE) counts.gone += 1;
      else if (status !== ACTIVE) counts.inactive += 1;
      if (status !== ACTIVE) return;
      counts.active += 1;
      const age = ageOf(lastSuccess?.at, now);
      const verifiedAge = ageOf(lastSuccess?.verified?.at, now);
      if (age === undefined) counts.withoutBackup += 1;
      else good.push({ projectId: id, source, age });
      if (verifiedAge === undefined) counts.withoutVerified += 1;
      else verified.push({ projectId: id, source, age: verifiedAge });
    },
    counts: (): ProjectCounts => ({ ...counts }),
    /** Ages of the newest good and of the newest verified backup, the oldest first. */
    ages: (): { readonly good: readonly Aged[]; readonly verified: readonly Aged[] } => ({
      good: good.toSorted(oldestFirst),
      verified: verified.toSorted(oldestFirst),
    }),
  };
};
