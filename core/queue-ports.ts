import type { LeasedWork, WorkName } from './leased-work/work.ts';
import type { OutcomeMessage } from './messages.ts';

export interface Outcomes {
  send(message: OutcomeMessage): Promise<void>;
}

/** A message of a dead-letter queue. */
export interface ReceivedLetter {
  /** Of SQS. */
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** String attributes of the message. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DeadLetterQueue {
  /** Up to ten messages, or none if none waits. The queue hides them from other readers for its visibility timeout. */
  receive(): Promise<readonly ReceivedLetter[]>;
  /** @throws Error if SQS keeps one of them; it is received again */
  remove(letters: readonly ReceivedLetter[]): Promise<void>;
}

/** Where a waiting request is in its queue. */
export interface QueuePositions {
  /**
   * Requests of its kind (and of its source, if each source has a queue) that were made earlier and still wait. `more` if not all were
   * counted. Reads the index, which may lag a moment behind.
   */
  ahead(
    kind: WorkName,
    work: Pick<LeasedWork, 'source' | 'createdAt' | 'id'>,
  ): Promise<{ readonly ahead: number; readonly more: boolean }>;
}
