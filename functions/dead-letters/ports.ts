import type { UnattendedPorts } from '../../core/leased-work/unattended.ts';
import type { Log } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type { Runs } from '../../core/run-ports.ts';
import type { DeadLetterKind } from '../../core/settings.ts';

export interface DeadLetterPorts extends UnattendedPorts {
  readonly runs: Pick<Runs, 'begin' | 'endPart' | 'get'>;
  readonly outcomes: Outcomes;
  /** All sources of the configuration. */
  readonly sources: readonly string[];
  readonly log: Log;
}

/** A dead-lettered message of a queue, a function or a schedule. */
export interface DeadLetter {
  readonly kind: DeadLetterKind;
  /** The source of the queue, for `exports`, `restores` and `plan`. */
  readonly source?: string;
  readonly body: string;
  /** String attributes of the message. EventBridge Scheduler puts its reasons there. */
  readonly attributes: Readonly<Record<string, string>>;
}
