import { iso } from '../../core/backup.ts';
import { describeError, LarderError } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import type { PlanEvent } from '../../core/messages.ts';
import { REPORTED_AT_MOST, refreshRegistry } from '../../core/refresh-registry.ts';
import { type Run, type RunPart, runOf } from '../../core/run.ts';
import { chooseProjects, type OpenBackups, openBackupsOf } from './choose-projects.ts';
import { planList } from './plan-list.ts';
import type { PlanOutcome, PlanPorts, PlanSettings } from './ports.ts';

/**
 * Plans one source's part of a run: a `pending` row and a message for each of its active projects.
 *
 * It may be killed at any point and started again, or run twice at the same time. This is safe because ids are hashes of
 * run and project; the list of planned backups is written once, chunk by chunk, before the rows that it names (see
 * plan-list.ts), and a second attempt uses that list; rows are created only if they do not exist; and
 * a part that has ended is never planned again. The `run` outcome at the end makes notify check the run: a
 * run without backups needs this, because no backup will report its end.
 *
 * A failure that no retry fixes ends the part with an error, so that a person is notified immediately. Any other is thrown:
 * Lambda tries twice more and then sends the event to the function's on-failure destination.
 * @throws LarderError that is retryable, InvalidInput for an event that is not this source's, errors of AWS
 */
export const planRun = async (
  ports: PlanPorts,
  settings: PlanSettings,
  event: PlanEvent,
): Promise<PlanOutcome> => {
  const { runs, source, outcomes, log } = ports;
  if (!event.sources.includes(source.name)) {
    throw new InvalidInput('The event of plan', [
      `sources: does not hold ${source.name}, whose function this is`,
    ]);
  }
  const { run } = await runs.begin(runOf(event, ports.clock()));
  const ended = run.parts[source.name];
  if (ended) log.info('this part was planned before', { runId: run.id });
  const part = ended ?? (await planPart(ports, settings, run));
  if (!ended) await runs.endPart(run.id, source.name, part);
  await outcomes.send({ kind: 'run', runId: run.id });
  const { planned, skippedCount, error } = part;
  log.info('planned', { runId: run.id, planned, skippedCount, error });
  return { runId: run.id, part: { planned, skippedCount, ...(error && { error }) } };
};

/**
 * The projects of this source that the run backs up. A permanent failure is part of the result: the backups that an
 * earlier attempt has listed are planned nevertheless.
 */
const choose = async (ports: PlanPorts, run: Run, open: OpenBackups) => {
  try {
    const refresh = await refreshRegistry(ports);
    return await chooseProjects(ports, run, refresh, open);
  } catch (error) {
    if (!(error instanceof LarderError) || error.retryable) throw error;
    ports.log.error('planning failed for good', { runId: run.id, error });
    return { chosen: [], skipped: [], error: describeError(error) };
  }
};

const planPart = async (ports: PlanPorts, settings: PlanSettings, run: Run): Promise<RunPart> => {
  const open = await openBackupsOf(ports.history, ports.source.name, run.id);
  const choice = await choose(ports, run, open);
  const { chosen, skipped } = choice;
  const planned = await planList(ports, settings, { run, chosen, waiting: open.waiting });
  return {
    planned,
    skipped: skipped.slice(0, REPORTED_AT_MOST),
    skippedCount: skipped.length,
    plannedAt: iso(ports.clock()),
    ...('error' in choice && { error: choice.error }),
  };
};
