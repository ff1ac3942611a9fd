import type {
  Context,
  SQSBatchItemFailure,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda';
import { failureFacts } from '../core/errors/base.ts';
import { InvalidInput } from '../core/errors/request.ts';
import type { WorkKind } from '../core/leased-work/kinds.ts';
import type { LeasedWork } from '../core/leased-work/work.ts';
import type { Delivery, Disposition } from '../core/leased-work/work-message.ts';
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

interface Queue<W extends LeasedWork> {
  readonly kind: WorkKind<W>;
  readonly log: Log;
  /** `again` leaves the message in its queue. A rejection counts as such, and is logged. */
  work(delivery: Delivery): Promise<Disposition<W>>;
  measure(disposition: Disposition<W>): void;
}

/** What a worker does with the messages of its queue, as a Lambda handler. */
export const workQueue =
  <W extends LeasedWork>({ kind, log, work, measure }: Queue<W>) =>
  (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
    takeInTurn(event, async ({ messageId, body, receiptHandle }) => {
      try {
        const disposition = await work({
          ...parseJson(`The message of the ${kind.task}s queue`, kind.message, body),
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
