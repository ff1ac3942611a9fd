import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type {
  Context,
  SQSBatchItemFailure,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda';
import { makeMetrics } from '../../adapters/metrics.ts';
import { METRICS } from '../../core/contract.ts';
import { describeError, InvalidInput } from '../../core/errors.ts';
import type { JobDisposition } from '../../core/job-work.ts';
import { parseJson, restoreMessage } from '../../core/messages.ts';
import type { Restore } from '../../core/restore.ts';
import { compose } from './compose.ts';
import { restoreBackup } from './restore-backup.ts';

const { ports, options } = compose();
const metrics = makeMetrics('restore');

const measure = ({ message, ...ended }: JobDisposition<Restore>): void => {
  if (message === 'again' || !('job' in ended) || !ended.job) return;
  const { status } = ended.job;
  if (status === 'completed') metrics.addMetric(METRICS.restoreCompleted, MetricUnit.Count, 1);
  if (status === 'failed') metrics.addMetric(METRICS.restoreFailed, MetricUnit.Count, 1);
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
};

/** False where the message must stay in its queue. */
const handle = async (record: SQSRecord, context: Context): Promise<boolean> => {
  try {
    const disposition = await restoreBackup(ports, options, {
      message: parseJson('The message of the restores queue', restoreMessage, record.body),
      receiptHandle: record.receiptHandle,
      remainingMs: context.getRemainingTimeInMillis(),
    });
    measure(disposition);
    return disposition.message === 'done';
  } catch (error) {
    ports.log.error('a message could not be handled', {
      messageId: record.messageId,
      failure: describeError(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
    // No retry mends a malformed message; the row it may have meant is found by the sweep.
    return error instanceof InvalidInput;
  }
};

export const handler = middy(
  async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    const batchItemFailures: SQSBatchItemFailure[] = [];
    for (const record of event.Records) {
      const done = await handle(record, context);
      if (!done) batchItemFailures.push({ itemIdentifier: record.messageId });
    }
    return { batchItemFailures };
  },
);
