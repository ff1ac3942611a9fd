/** A tenant as its source lists it. `id` already has the source's prefix. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly schemaName: string;
  /** `ACTIVE` is backed up; any other word is not. */
  readonly status: string;
}

/** A project as last seen, a row of the registry. */
export interface RegisteredProject extends Project {
  readonly source: string;
  /** When a discovery last changed this row, ISO 8601. */
  readonly seenAt: string;
  /** The newest completed full backup. Retention never takes it while the project lives. */
  readonly lastSuccess?: { readonly backupId: string; readonly at: string; readonly size: number };
}

export const ACTIVE = 'ACTIVE';
/** Status in the registry of a project that its source no longer lists. */
export const GONE = 'GONE';

/** S3 keys and URLs stay short enough and every id can be a FIFO message group by its hash. */
export const MAX_PROJECT_ID_BYTES = 128;
