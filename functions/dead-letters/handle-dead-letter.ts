import { unattendedOf } from '../../core/leased-work/unattended.ts';
import { outcomeMessage, parseJson } from '../../core/messages.ts';
import type { DeadLetterKind } from '../../core/settings.ts';
import { beginLateRun, endRun } from './end-run.ts';
import { failWork } from './fail-work.ts';
import type { DeadLetter, DeadLetterPorts } from './ports.ts';

/** The backup has ended, but its outcome was not notified. Its row says so, and sweep sends the outcome again. */
const logOutcome = async ({ log }: DeadLetterPorts, { body }: DeadLetter): Promise<void> => {
  const outcome = parseJson('The dead-lettered outcome', outcomeMessage, body);
  log.error('an outcome could not be reported; sweep will send it again', { outcome });
};

/** The stream's on-failure destination gets no record, only its position. Sweep removes the objects of `deleted` rows. */
const logExpiry = async ({ log }: DeadLetterPorts, { body }: DeadLetter): Promise<void> => {
  log.error('expired backups could not be removed; see the log of expire', {
    record: body.slice(0, 2000),
  });
};

const HANDLERS: Readonly<
  Record<DeadLetterKind, (ports: DeadLetterPorts, letter: DeadLetter) => Promise<void>>
> = {
  exports: (ports, letter) => failWork(ports, unattendedOf(ports).backups, letter),
  outcomes: logOutcome,
  plan: endRun,
  runs: beginLateRun,
  expire: logExpiry,
  restores: (ports, letter) => failWork(ports, unattendedOf(ports).restores, letter),
  verifications: (ports, letter) => failWork(ports, unattendedOf(ports).verifications, letter),
};

/**
 * Handles one dead letter by its kind. May be repeated.
 * @throws InvalidInput for an unreadable letter, which no retry fixes; errors of AWS
 */
export const handleDeadLetter = (ports: DeadLetterPorts, letter: DeadLetter): Promise<void> =>
  HANDLERS[letter.kind](ports, letter);
