/** One firing of a schedule, or of "back up everything now": the backups it planned, over all sources. */
export interface Run {
  readonly id: string;
  /** The schedule's name, or `manual`. */
  readonly schedule: string;
  /** ISO 8601; the time the schedule was due. */
  readonly scheduledAt: string;
  readonly createdAt: string;
  /** Sources that take part; each plans its own part. */
  readonly sources: readonly string[];
  /** By source, written when that source's planning has ended. */
  readonly parts: Readonly<Record<string, RunPart>>;
  readonly finishedAt?: string;
  readonly mailedAt?: string;
}

/** What one source's planning came to. */
export interface RunPart {
  readonly planned: number;
  /** Projects not planned, with the reason, at most 100 of them; `skippedCount` counts all. */
  readonly skipped: readonly { readonly projectId: string; readonly why: string }[];
  readonly skippedCount: number;
  readonly plannedAt: string;
  /** Set instead of the counts when planning failed for good. */
  readonly error?: { readonly name: string; readonly message: string };
}
