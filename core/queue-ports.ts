import type { ExportMessage, OutcomeMessage } from './messages.ts';

export interface ExportQueue {
  /**
   * Sends requests, in any number; answers those that could not be sent. `renewal` makes a message that SQS would swallow as a
   * repetition within 5 minutes a new one.
   */
  send(messages: readonly ExportMessage[], renewal?: string): Promise<readonly ExportMessage[]>;
  /** Messages waiting or in flight, as SQS estimates. */
  depth(): Promise<number>;
  /** Hides the message of a receipt for so many seconds from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
}

export interface Outcomes {
  send(message: OutcomeMessage): Promise<void>;
}
