/** Requests that are invalid, or that ask for something that can't be done or does not exist. */
import { Permanent, quoted, Retryable } from './base.ts';

/** A request, message or setting has the wrong form. `problems` has a line for each mistake. */
export class InvalidInput extends Permanent {
  readonly problems: readonly string[];
  constructor(what: string, problems: readonly string[], options?: { cause?: unknown }) {
    super(`${what}: ${problems.join('; ')}`, options);
    this.problems = problems;
  }
}

export class ProjectNotFound extends Permanent {
  constructor(projectId: string) {
    super(
      `No source has a project ${quoted(projectId)}. Check the id, or the query that lists the source's projects.`,
    );
  }
}

export class ProjectInactive extends Permanent {
  constructor(projectId: string, status: string) {
    super(
      `Project ${quoted(projectId)} has the status ${quoted(status)}; only ACTIVE projects are backed up. Activate it in its source first.`,
    );
  }
}

/** No source that answered has the project, but not all sources could be asked. */
export class ProjectNotResolved extends Retryable {
  constructor(projectId: string, why: readonly string[]) {
    super(
      `It is not known whether project ${quoted(projectId)} exists, because not every source answered: ${why.join('; ')}`,
    );
  }
}

export class BackupNotFound extends Permanent {
  /** @param at with `latest` as the id: the time until which backups were looked for */
  constructor(projectId: string, backupId: string, at?: string) {
    super(
      backupId === 'latest'
        ? `Project ${quoted(projectId)} has no completed full backup${at ? ` of ${at} or before` : ' yet'} that can restore it. POST /projects/{projectId}/backups requests one.`
        : `Project ${quoted(projectId)} has no backup ${quoted(backupId)}. GET /projects/{projectId}/backups lists its backups.`,
    );
  }
}

/** The state of a backup does not allow the request. */
export class BackupNotReady extends Permanent {
  constructor(backupId: string, status: string, wanted: string) {
    super(`Backup ${quoted(backupId)} is ${status}; ${wanted}.`);
  }
}

/** A deletion that only force allows. */
export class BackupProtected extends Permanent {
  constructor(backupId: string, why: string) {
    super(
      `Backup ${quoted(backupId)} was not deleted: ${why}. force=true deletes it all the same.`,
    );
  }
}

export class RunNotFound extends Permanent {
  constructor(runId: string) {
    super(`There is no run ${quoted(runId)}. GET /runs lists those there are.`);
  }
}

export class RestoreNotFound extends Permanent {
  constructor(projectId: string, restoreId: string) {
    super(
      `Project ${quoted(projectId)} has no restore ${quoted(restoreId)} of this backup. GET .../restores lists the restores of a backup.`,
    );
  }
}

/** The state of a restore does not allow the request. */
export class RestoreNotReady extends Permanent {
  constructor(restoreId: string, state: string, wanted: string) {
    super(`Restore ${quoted(restoreId)} is ${state}; ${wanted}.`);
  }
}

export class VerificationNotFound extends Permanent {
  constructor(projectId: string, verificationId: string) {
    super(
      `Project ${quoted(projectId)} has no verification ${quoted(verificationId)} of this backup. GET .../verifications lists the verifications of a backup.`,
    );
  }
}

export class FormatNotPossible extends Permanent {
  /** @param server such as `PostgreSQL 15`, or `any PostgreSQL` */
  constructor(format: string, compression: string, server: string, possible: string) {
    super(
      `Format ${format} with compression ${compression} is not possible on ${server}: ${possible}.`,
    );
  }
}

export class IdempotencyConflict extends Permanent {
  constructor() {
    super(
      'This Idempotency-Key was used for another request within the last 24 hours. Use a new key for a new request.',
    );
  }
}

export class ScheduleNotFound extends Permanent {
  constructor(name: string) {
    super(`There is no schedule ${quoted(name)} here. GET .../schedules lists those there are.`);
  }
}

/** The schedule belongs to the configuration. */
export class ScheduleConfigured extends Permanent {
  constructor(name: string) {
    super(
      `Schedule ${quoted(name)} is one of the configuration: change it under "schedules" in larder.config.ts, and deploy. Give a schedule of the API another name.`,
    );
  }
}

/** Another write of the same schedule is under way. */
export class ScheduleBusy extends Retryable {
  constructor(name: string, options?: { cause?: unknown }) {
    super(
      `Schedule ${quoted(name)} is being changed by another request. Ask again in a moment.`,
      options,
    );
  }
}

export class TooManySchedules extends Permanent {
  constructor(most: number) {
    super(`There are ${most} schedules here, and no more are allowed. Delete one first.`);
  }
}

/** Everything of the project was erased, or is being erased. */
export class ProjectErased extends Permanent {
  constructor(projectId: string) {
    super(
      `Project ${quoted(projectId)} was erased: no backup, restore or schedule of it can be made. GET .../erase says when. A new project needs another id.`,
    );
  }
}

export class ProjectNotErased extends Permanent {
  constructor(projectId: string) {
    super(`Project ${quoted(projectId)} was not erased. POST .../erase erases it.`);
  }
}

export class ProjectStillListed extends Permanent {
  constructor(projectId: string, source: string) {
    super(
      `Source ${quoted(source)} still lists project ${quoted(projectId)}. Remove it there first, or send acceptListed: true. Later runs then report that they skip it.`,
    );
  }
}

/** The erasure has not ended, so nothing is signed yet. */
export class ErasureNotCompleted extends Permanent {
  constructor(projectId: string) {
    super(
      `The erasure of project ${quoted(projectId)} has not ended. GET .../erase shows its progress.`,
    );
  }
}
