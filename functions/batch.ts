import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import type {
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda';
import type { LambdaLog } from '../adapters/log.ts';
import { failureFacts } from '../core/errors/base.ts';
import { InvalidInput } from '../core/errors/request.ts';
import type { WorkKind } from '../core/leased-work/kinds.ts';
import type { LeasedWork } from '../core/leased-work/work.ts';
import type { Delivery, Disposition } from '../core/leased-work/work-message.ts';
import { parseJson } from '../core/messages.ts';
import { lambdaHandler } from './middleware.ts';

/**
 * Handles the records of a batch one after the other. A record that fails does not stop the others, and is delivered again.
 * @param handle rejects if its record must be delivered again
 */
export const handleMessages = (
  event: SQSEvent,
  handle: (record: SQSRecord) => Promise<void>,
): Promise<SQSBatchResponse> =>
  processPartialResponse(event, handle, new BatchProcessor(EventType.SQS), {
    processInParallel: false,
    throwOnFullBatchFailure: false,
  });

/** The same for records of the history's stream, in parallel: they concern different rows, so their order does not matter. */
export const handleStream = (
  event: DynamoDBStreamEvent,
  handle: (record: DynamoDBRecord) => Promise<void>,
): Promise<DynamoDBBatchResponse> =>
  processPartialResponse(event, handle, new BatchProcessor(EventType.DynamoDBStreams), {
    throwOnFullBatchFailure: false,
  });

interface Worker<W extends LeasedWork> {
  readonly kind: WorkKind<W>;
  readonly log: LambdaLog;
  readonly metrics: Metrics;
  /** `again` leaves the message in its queue. A rejection has the same effect, and is logged. */
  work(delivery: Delivery): Promise<Disposition<W>>;
  measure(disposition: Disposition<W>): void;
}

/** The Lambda handler of a queue of leased work. */
export const workerHandler = <W extends LeasedWork>({
  kind,
  log,
  metrics,
  work,
  measure,
}: Worker<W>) =>
  lambdaHandler(log, metrics, (event: SQSEvent, context) =>
    handleMessages(event, async ({ messageId, body, receiptHandle }) => {
      log.logger.resetKeys();
      let disposition: Disposition<W>;
      try {
        const { projectId, id } = parseJson(
          `The message of the ${kind.task}s queue`,
          kind.message,
          body,
        );
        log.logger.appendKeys({ projectId, [kind.idName]: id });
        const remainingMs = context.getRemainingTimeInMillis();
        disposition = await work({ projectId, id, receiptHandle, remainingMs });
      } catch (error) {
        log.error('a message could not be handled', { messageId, ...failureFacts(error) });
        // A malformed message stays malformed; the sweep finds the row that it may have meant.
        if (error instanceof InvalidInput) return;
        throw error;
      }
      measure(disposition);
      if (disposition.message === 'again') throw disposition.error;
    }),
  );
