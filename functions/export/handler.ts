import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type {
  Context,
  SQSBatchItemFailure,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda';
import { METRICS } from '../../core/contract.ts';
import { describeError, InvalidInput } from '../../core/errors.ts';
import { exportMessage, parseJson } from '../../core/messages.ts';
import { compose } from './compose.ts';
import { type Disposition, exportBackup } from './export-backup.ts';

const { ports, options } = compose();
const metrics = new Metrics({ namespace: METRICS.namespace, serviceName: 'export' });

const measure = (disposition: Disposition): void => {
  if (disposition.message === 'again') {
    metrics.addMetric(METRICS.exportRetried, MetricUnit.Count, 1);
  } else if (disposition.error) {
    metrics.addMetric(METRICS.exportFailed, MetricUnit.Count, 1);
  } else if (disposition.backup) {
    const { size = 0, durationMs = 0 } = disposition.backup;
    metrics.addMetric(METRICS.exportCompleted, MetricUnit.Count, 1);
    metrics.addMetric(METRICS.exportBytes, MetricUnit.Bytes, size);
    metrics.addMetric(METRICS.exportDuration, MetricUnit.Milliseconds, durationMs);
  }
  metrics.publishStoredMetrics();
};

/** False where the message must stay in its queue. */
const handle = async (record: SQSRecord, context: Context): Promise<boolean> => {
  try {
    const disposition = await exportBackup(ports, options, {
      message: parseJson('The message of the exports queue', exportMessage, record.body),
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
