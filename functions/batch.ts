import type {
  Context,
  SQSBatchItemFailure,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda';
import type { z } from 'zod';
import { failureFacts } from '../core/errors/base.ts';
import { InvalidInput } from '../core/errors/request.ts';
import { parseJson } from '../core/messages.ts';
import type { Log } from '../core/ports.ts';

/**
 * Takes the records of a batch one after the other; one that fails holds up none of the others.
 * @param handle answers false where the message must come again; it does not reject
 */
export const takeInTurn = async (
  { Records: records }: SQSEvent,
  handle: (record: SQSRecord) => Promise<boolean>,
): Promise<SQSBatchResponse> => {
  const batchItemFailures: SQSBatchItemFailure[] = [];
  for (const record of records) {
    if (!(await handle(record))) batchItemFailures.push({ itemIdentifier: record.messageId });
  }
  return { batchItemFailures };
};

export interface Delivery<M> {
  readonly message: M;
  readonly receiptHandle: string;
  /** Milliseconds until the function is stopped. */
  readonly remainingMs: number;
}

export interface QueueWork<S extends z.ZodType, D extends { readonly message: 'done' | 'again' }> {
  /** For messages. */
  readonly queue: 'exports' | 'restores' | 'verifications';
  readonly schema: S;
  readonly log: Log;
  /** `again` leaves the message in its queue. A rejection counts as such, and is logged. */
  work(delivery: Delivery<z.output<S>>): Promise<D>;
  measure(disposition: D): void;
}

/** What a worker does with the messages of its queue, as a Lambda handler. */
export const workQueue =
  <S extends z.ZodType, D extends { readonly message: 'done' | 'again' }>({
    queue,
    schema,
    log,
    work,
    measure,
  }: QueueWork<S, D>) =>
  (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
    takeInTurn(event, async ({ messageId, body, receiptHandle }) => {
      try {
        const disposition = await work({
          message: parseJson(`The message of the ${queue} queue`, schema, body),
          receiptHandle,
          remainingMs: context.getRemainingTimeInMillis(),
        });
        measure(disposition);
        return disposition.message === 'done';
      } catch (error) {
        log.error('a message could not be handled', { messageId, ...failureFacts(error) });
        // No retry mends a malformed message; the row it may have meant is found by the sweep.
        return error instanceof InvalidInput;
      }
    });
