/** Claims, workers and messages: how work ends without a result of its own. */
import type { WorkName } from '../leased-work/work.ts';
import { LarderError, Permanent, Retryable } from './base.ts';

const capitalized = (name: WorkName): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** Another attempt owns the row now. This worker must stop and change nothing. */
export class ClaimLost extends Retryable {
  constructor(name: WorkName, id: string) {
    super(
      `${capitalized(name)} ${id} no longer belongs to this worker: its lease ran out, or another attempt claimed it.`,
    );
  }
}

export class Cancelled extends Permanent {
  constructor(name: WorkName, id: string) {
    super(`${capitalized(name)} ${id} was cancelled.`);
  }
}

/** Rows, mails and clients know the errors of restores and verifications as `Job...`: these names stay. */
abstract class EndOfWork extends Permanent {
  constructor(name: WorkName, message: string) {
    super(message);
    if (name !== 'backup') this.name = `Job${new.target.name}`;
  }
}

/** All attempts are used up, and no worker reported why. */
export class WorkerDied extends EndOfWork {
  constructor(name: WorkName, attempts: number) {
    super(
      name,
      name === 'backup'
        ? `The worker died in each of ${attempts} attempts without any message (killed, out of memory or out of time). Search the export function's log for this backup's id.`
        : `The ${name} failed: its worker died in each of ${attempts} attempts. Check the function's log and its memory.`,
    );
  }
}

/** An attempt ran out of time. */
export class TookTooLong extends EndOfWork {
  constructor(name: WorkName, seconds: number) {
    super(
      name,
      name === 'backup'
        ? `The export was stopped after ${seconds} s, its time limit; nothing was kept. Choose a faster compression (zstd level 1), give the function more memory, or split the project.`
        : `The ${name} was stopped after ${seconds} s, the time limit of its function; nothing was kept. Restore the backup by hand: GET .../restore-guide has the commands.`,
    );
  }
}

/** A message that ended in a dead-letter queue. */
export class MessageBuried extends EndOfWork {
  constructor(name: WorkName, why: string) {
    super(
      name,
      name === 'backup'
        ? `The queue moved the message of the request to its dead-letter queue: ${why}. Request the backup again.`
        : `The queue moved the message of this ${name} to its dead-letter queue: ${why}. Request the ${name} again; the function's log has the reason.`,
    );
  }
}

/** An error that another function of Larder returned: its name, message and kind, without its class. */
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
