/** Planning a run: the projects that sources list. */
import { Permanent, quoted } from './base.ts';

/** Two sources list the same project id. */
export class DuplicateProject extends Permanent {
  constructor(projectId: string, first: string, second: string) {
    super(
      `Project ${quoted(projectId)} is listed by source ${quoted(first)} and by source ${quoted(second)}. ` +
        `Ids must be unique: give source ${quoted(second)} an idPrefix, or remove the project from one of the two.`,
    );
  }
}

/** A listing that is suddenly empty is usually a mistake: rarely have all projects ended. */
export class NoProjectsListed extends Permanent {
  constructor(source: string, known: number) {
    super(
      `Source ${quoted(source)} lists no project at all, though ${known} of its projects are known. Nothing was planned, and no project was marked as gone. ` +
        'Check the query that lists its projects and what its role may see (row security hides rows without an error); if they are really gone, remove the source from the configuration.',
    );
  }
}

/** Planning of one source's part of a run failed for good. */
export class PlanningGivenUp extends Permanent {
  constructor(source: string, why: string) {
    super(
      `Planning the backups of source ${quoted(source)} failed for good: ${why}. Check the log of its plan function; POST /runs starts a new run.`,
    );
  }
}
