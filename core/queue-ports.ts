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
