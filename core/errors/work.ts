/** Claims, workers and messages: how a piece of work ends without a result of its own. */
import { LarderError, Permanent, Retryable } from './base.ts';

/** Another attempt owns the row now; this worker must stop and change nothing. */
export class ClaimLost extends Retryable {
  constructor(id: string, what = 'Backup') {
    super(
      `${what} ${id} is no longer this worker's: its lease ran out or another attempt took it over.`,
    );
  }
}

export class Cancelled extends Permanent {
  constructor(id: string, what = 'Backup') {
    super(`${what} ${id} was cancelled.`);
  }
}

/** The worker's attempts are used up without one that could say why. */
export class WorkerDied extends Permanent {
  constructor(attempts: number) {
    super(
      `The worker died in each of ${attempts} attempts without any message (killed, out of memory or out of time). Look at the export function's log for this backup's id.`,
    );
  }
}

/** A restore or verification at the end of its function's time. */
export class JobTookTooLong extends Permanent {
  constructor(what: string, seconds: number) {
    super(
      `The ${what} was stopped after ${seconds} s, the longest its function has; nothing of it was kept. ` +
        'Bring the backup back by hand: GET .../restore-guide has the commands.',
    );
  }
}

/** A worker that died took its attempt with it, for the last time. */
export class JobWorkerDied extends Permanent {
  constructor(what: string, attempts: number) {
    super(
      `The ${what} was given up: its worker died in each of ${attempts} attempts. The function's log and its memory have the reason.`,
    );
  }
}

/** A message that ended in a dead-letter queue. */
export class MessageBuried extends Permanent {
  constructor(why: string) {
    super(`The request's message was given up by its queue: ${why}. Request the backup again.`);
  }
}

/** A restore's or verification's message that ended in a dead-letter queue. */
export class JobMessageBuried extends Permanent {
  constructor(what: 'restore' | 'verification', why: string) {
    super(
      `The message of this ${what} was given up by its queue: ${why}. Ask for the ${what} again; the function's log has the reason.`,
    );
  }
}

/** What another function of Larder answered with: its error's name, message and kind, without its class. */
export class FailedElsewhere extends LarderError {
  readonly retryable: boolean;
  constructor(failure: {
    readonly name: string;
    readonly message: string;
    readonly retryable: boolean;
  }) {
    super(failure.message);
    this.name = failure.name;
    this.retryable = failure.retryable;
  }
}
