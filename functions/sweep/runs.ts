import { iso, millis } from '../../core/backup.ts';
import { describeError } from '../../core/errors/base.ts';
import { PlanningGivenUp } from '../../core/errors/planning.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import { inParallel } from '../../core/parallel.ts';
import { missingParts, planEventOf, type Run } from '../../core/run.ts';
import type { PlannedBackup } from '../../core/run-ports.ts';
import { isDue } from './due.ts';
import { DAY, MINUTE, type Step, type SweepPorts } from './step.ts';

/** Planning takes 15 minutes at most, and Lambda tries it three times in ten minutes. */
const PART_GRACE = 30 * MINUTE;
/** After this time a person must be notified. */
const PART_GIVEN_UP = DAY;
const RUN_GRACE = 10 * MINUTE;
const AT_ONCE = 16;

const giveUpPart = async (
  { runs, outcomes, clock, log }: SweepPorts,
  step: Step,
  run: Run,
  source: string,
  why: string,
): Promise<void> => {
  const error = describeError(new PlanningGivenUp(source, why));
  const plannedAt = iso(clock());
  await runs.endPart(run.id, source, {
    planned: 0,
    skipped: [],
    skippedCount: 0,
    plannedAt,
    error,
  });
  step.count('partsGivenUp');
  log.error('planning failed for good', { runId: run.id, source, error });
  await outcomes.send({ kind: 'plan-failed', runId: run.id, source, error });
};

/** A source's planning died silently: it is started again, which plans nothing twice. */
const helpPart = async (ports: SweepPorts, step: Step, run: Run, source: string): Promise<void> => {
  const waited = step.now - millis(run.createdAt);
  if (waited <= PART_GRACE) return;
  if (!ports.queues.has(source)) {
    return await giveUpPart(ports, step, run, source, 'the configuration no longer has it');
  }
  if (waited > PART_GIVEN_UP) {
    return await giveUpPart(ports, step, run, source, 'it did not end within a day');
  }
  if (!isDue(waited, PART_GRACE)) return;
  await ports.functions.startPlan(source, planEventOf(run));
  step.count('plansStarted');
  ports.log.warn('planning was started again', { runId: run.id, source });
};

/**
 * Settles backups that ended without a report to the run, and listed backups that never got a row because
 * planning died and was given up.
 */
const settle = async (
  ports: SweepPorts,
  step: Step,
  run: Run,
  { projectId, backupId, chunk }: PlannedBackup & { readonly chunk: string },
): Promise<void> => {
  const row = await ports.history.get(projectId, backupId);
  if (row && !isFinal(row.status)) return;
  if (!row) ports.log.error('a planned backup has no row', { runId: run.id, projectId, backupId });
  await ports.runs.settle(run.id, chunk, backupId, row?.status ?? 'failed');
  step.count('backupsSettled');
};

/** All sources have planned: settles the run and, once it is finished, mails it. */
const helpPlanned = async (ports: SweepPorts, step: Step, run: Run): Promise<void> => {
  const lastPart = Math.max(...Object.values(run.parts).map(({ plannedAt }) => millis(plannedAt)));
  const waited = step.now - lastPart;
  if (waited < RUN_GRACE) return;
  const { open } = await ports.runs.tally(run.id);
  // A long run is not a dead one: its rows are read again only every half hour.
  if (open && !isDue(waited, PART_GRACE)) return;
  if (open) {
    await inParallel(await ports.runs.unsettled(run.id), AT_ONCE, async (backup) => {
      if (step.hasTime()) await step.attempt(() => settle(ports, step, run, backup));
    });
    if ((await ports.runs.tally(run.id)).open) return;
  } else if (!isDue(waited)) return;
  await ports.outcomes.send({ kind: 'run', runId: run.id });
  step.count('outcomesSentAgain');
};

/** Runs that stopped halfway. */
export const sweepRuns = async (ports: SweepPorts, step: Step): Promise<void> => {
  for await (const run of ports.runs.unfinished()) {
    if (!step.hasTime()) return;
    const missing = missingParts(run);
    for (const source of missing) await step.attempt(() => helpPart(ports, step, run, source));
    if (!missing.length) await step.attempt(() => helpPlanned(ports, step, run));
  }
};
