import type { UnattendedPorts } from '../../core/leased-work/unattended.ts';
import type { Log } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type { Runs } from '../../core/run-ports.ts';
import type { DeadLetterKind } from '../../core/settings.ts';

export interface DeadLetterPorts extends UnattendedPorts {
  readonly runs: Pick<Runs, 'begin' | 'endPart' | 'get'>;
  readonly outcomes: Outcomes;
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
