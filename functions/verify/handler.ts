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
import { parseJson, verificationMessage } from '../../core/messages.ts';
import type { Verification } from '../../core/verification.ts';
import { compose } from './compose.ts';
import { verifyBackup } from './verify-backup.ts';

const ports = compose();
const metrics = makeMetrics('verify');

const METRIC_OF = {
  verified: METRICS.verified,
  failed: METRICS.verificationFailed,
  'could-not-run': METRICS.verificationCouldNotRun,
} as const;

const measure = (disposition: JobDisposition<Verification>): void => {
  if (disposition.message === 'again' || !disposition.job?.result) return;
  metrics.addMetric(METRIC_OF[disposition.job.result.verdict], MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
};

/** False where the message must stay in its queue. */
const handle = async (record: SQSRecord, context: Context): Promise<boolean> => {
  try {
    const disposition = await verifyBackup(ports, {
      message: parseJson(
        'The message of the verifications queue',
        verificationMessage,
        record.body,
      ),
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
