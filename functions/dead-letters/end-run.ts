import * as z from 'zod';
import { iso } from '../../core/backup.ts';
import * as errors from '../../core/errors.ts';
import { type FiringEvent, firingEvent, parseJson } from '../../core/messages.ts';
import { runOf } from '../../core/run.ts';
import type { DeadLetter, DeadLetterPorts } from './ports.ts';

/**
 * What Lambda sends to the on-failure destination of an asynchronous invocation.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
const lambdaRecord = z.looseObject({
  requestContext: z.looseObject({ condition: z.string() }),
  requestPayload: firingEvent,
  responsePayload: z
    .looseObject({ errorType: z.string().optional(), errorMessage: z.string().optional() })
    .nullish(),
});

/** Scheduler's own dead letters are the plan event as it was to be sent. */
const deadPlan = z.union([lambdaRecord, firingEvent]);

interface Failure {
  readonly name: string;
  readonly message: string;
}

/** The messages of Larder's own errors are safe to show; those of other errors may contain anything. */
const isNamedByLarder = (name: string): boolean =>
  Object.hasOwn(errors, name) && /^[A-Z]/.test(name);

const failureOf = (
  source: string,
  record: z.output<typeof lambdaRecord> | undefined,
  attributes: DeadLetter['attributes'],
): Failure => {
  const { errorType, errorMessage } = record?.responsePayload ?? {};
  if (errorType && errorMessage && isNamedByLarder(errorType)) {
    return { name: errorType, message: errorMessage };
  }
  // https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
  const why = record
    ? `its function failed (${errorType ?? 'no error given'}; ${record.requestContext.condition})`
    : `its schedule could not start it (${attributes.ERROR_CODE ?? 'no error code given'})`;
  return errors.describeError(new errors.PlanningGivenUp(source, why));
};

const eventOf = (
  body: string,
): { readonly event: FiringEvent; readonly record?: z.output<typeof lambdaRecord> } => {
  const dead = parseJson('The dead-lettered plan event', deadPlan, body);
  return 'requestPayload' in dead ? { event: dead.requestPayload, record: dead } : { event: dead };
};

/**
 * Ends one source's part of a run with the error that ended its planning, so that the run can end and be mailed.
 * The run's row may be missing: planning can die before it wrote it.
 */
export const endRun = async (ports: DeadLetterPorts, letter: DeadLetter): Promise<void> => {
  const { runs, outcomes, clock, log } = ports;
  const { event, record } = eventOf(letter.body);
  const { source } = letter;
  const { sources = [] } = event;
  if (source === undefined || !sources.includes(source)) {
    throw new errors.InvalidInput('The dead-lettered plan event', [
      `sources: does not hold ${source ?? 'any'}, the source whose queue this is`,
    ]);
  }
  const error = failureOf(source, record, letter.attributes);
  const { run } = await runs.begin(runOf({ ...event, sources }, clock()));
  await runs.endPart(run.id, source, {
    planned: 0,
    skipped: [],
    skippedCount: 0,
    plannedAt: iso(clock()),
    error,
  });
  // The first part written is kept: another delivery of the event may have planned it successfully.
  const part = (await runs.get(run.id))?.parts[source];
  if (!part?.error) {
    log.info('the run of a dead-lettered plan event was planned by another delivery', {
      runId: run.id,
      source,
    });
    return;
  }
  log.error('planning failed for good', { runId: run.id, source, error: part.error });
  const { name, message } = part.error;
  await outcomes.send({ kind: 'plan-failed', runId: run.id, source, error: { name, message } });
};

/**
 * Handles an event of a schedule that began no run within six hours: the run begins now, and sweep starts the planning of its sources. A
 * run that has already begun needs nothing.
 */
export const beginLateRun = async (ports: DeadLetterPorts, letter: DeadLetter): Promise<void> => {
  const { runs, clock, log } = ports;
  const { event } = eventOf(letter.body);
  const { sources = [...ports.sources] } = event;
  const { run, created } = await runs.begin(runOf({ ...event, sources }, clock()));
  const { id: runId, schedule, scheduledAt } = run;
  if (created)
    log.error('a run starts late; sweep starts its planning', { runId, schedule, scheduledAt });
  else log.info('the run of a dead-lettered schedule event was started', { runId, schedule });
};
