import { describeError } from '../../core/errors/base.ts';
import { MessageBuried } from '../../core/errors/work.ts';
import type { History } from '../../core/history-ports.ts';
import type { Restores, Validations, Verifications } from '../../core/job-ports.ts';
import { exportMessage, outcomeMessage, parseJson } from '../../core/messages.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type { Runs } from '../../core/run-ports.ts';
import type { DeadLetterKind } from '../../core/settings.ts';
import { buryPlan } from './end-run.ts';
import { buryRestore, buryVerification } from './fail-job.ts';

export interface BuryPorts {
  readonly history: Pick<History, 'failAbandoned' | 'get'>;
  readonly runs: Pick<Runs, 'begin' | 'endPart' | 'get'>;
  readonly restores: Pick<Restores, 'failAbandoned'>;
  readonly verifications: Pick<Verifications, 'failAbandoned' | 'get'>;
  readonly validations: Validations;
  readonly outcomes: Outcomes;
  readonly clock: Clock;
  readonly log: Log;
}

/** A message that its own queue, function or schedule has given up. */
export interface DeadLetter {
  readonly kind: DeadLetterKind;
  /** The source whose queue it was, for `exports`, `restores` and `plan`. */
  readonly source?: string;
  readonly body: string;
  /** String attributes of the message. EventBridge Scheduler gives its reasons in them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * A backup whose message is gone fails, if nobody works on it: its message was only lost then. Otherwise its worker, or
 * the sweep after it, brings it to an end.
 */
const buryExport = async (ports: BuryPorts, { body }: DeadLetter): Promise<void> => {
  const { history, outcomes, log } = ports;
  const { projectId, backupId } = parseJson('The dead export request', exportMessage, body);
  const error = new MessageBuried('it was received more often than the queue allows');
  const failed = await history.failAbandoned(projectId, backupId, describeError(error));
  if (failed === 'not-abandoned') {
    log.info('the backup of a dead message needs no burial', { projectId, backupId });
    return;
  }
  log.error('a backup failed because its message was given up', { projectId, backupId });
  const runId = (await history.get(projectId, backupId))?.runId;
  await outcomes.send({ kind: 'backup', projectId, backupId, ...(runId && { runId }) });
};

/** The backup is what it is; nobody has heard of it. Its row says so, and sweep sends the outcome again. */
const buryOutcome = async ({ log }: BuryPorts, { body }: DeadLetter): Promise<void> => {
  const outcome = parseJson('The dead outcome', outcomeMessage, body);
  log.error('nobody could be told of an outcome; sweep will send it again', { outcome });
};

/** The stream's on-failure destination gets no record, only where it stood. Sweep removes what a `deleted` row leaves. */
const buryExpiry = async ({ log }: BuryPorts, { body }: DeadLetter): Promise<void> => {
  log.error('expired backups could not be removed; see the log of expire', {
    record: body.slice(0, 2000),
  });
};

const BURIALS: Readonly<
  Record<DeadLetterKind, (ports: BuryPorts, letter: DeadLetter) => Promise<void>>
> = {
  exports: buryExport,
  outcomes: buryOutcome,
  plan: buryPlan,
  expire: buryExpiry,
  restores: buryRestore,
  verifications: buryVerification,
};

/**
 * Deals with one dead letter in the way of its kind. May be repeated.
 * @throws InvalidInput for a letter nobody can read, which no repetition mends; errors of AWS
 */
export const buryMessage = (ports: BuryPorts, letter: DeadLetter): Promise<void> =>
  BURIALS[letter.kind](ports, letter);
