import { waited } from '../lambda/asynchronous.ts';
import type { Outcome } from '../lambda/protocol.ts';
import { NotEmulated } from '../template/document.ts';
import type { StreamMapping } from '../template/model.ts';
import type { StreamRecord } from './expiry.ts';
import { passes } from './filters.ts';

/**
 * A stream's event source mapping: records pass the mapping's filters, and a failed batch is retried in order. When its
 * retries are used up, its position, not its contents, goes to the on-failure destination.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export interface StreamConsumerOptions {
  readonly mapping: StreamMapping;
  readonly functionArn: string;
  readonly invoke: (event: unknown) => Promise<Outcome>;
  readonly onFailure: (queueArn: string, body: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const RETRY_MS = [1_000, 5_000, 15_000, 60_000];

/**
 * The local stream contains only rows that TTL removed. @throws NotEmulated for a mapping that also needs others
 */
export const checkFilters = ({ id, filters, streamArn }: StreamMapping): void => {
  for (const eventName of ['INSERT', 'MODIFY', 'REMOVE']) {
    if (passes(filters, { eventName, eventSource: 'aws:dynamodb', eventSourceARN: streamArn })) {
      throw new NotEmulated(id, `it expects records of ${eventName} that TTL did not remove`);
    }
  }
};

const succeeded = (outcome: Outcome, reportsFailures: boolean): boolean => {
  if (outcome.kind !== 'ok') return false;
  if (!reportsFailures) return true;
  const failures = (outcome.payload as { batchItemFailures?: unknown } | null)?.batchItemFailures;
  return !Array.isArray(failures) || failures.length === 0;
};

export const makeStreamConsumer =
  (options: StreamConsumerOptions) =>
  async (records: readonly StreamRecord[]): Promise<void> => {
    const { mapping, signal } = options;
    const Records = records.filter((record) => passes(mapping.filters, record));
    if (Records.length === 0) return;
    for (let tries = 0; ; ) {
      const outcome = await options.invoke({ Records });
      if (succeeded(outcome, mapping.reportsFailures)) return;
      if (outcome.kind !== 'throttled') tries += 1;
      if (mapping.retries >= 0 && tries > mapping.retries) {
        if (mapping.onFailure) {
          await options.onFailure(mapping.onFailure, failureOf(options, Records, outcome, tries));
        }
        return;
      }
      const delay = RETRY_MS[Math.min(tries, RETRY_MS.length) - 1] ?? 1_000;
      await waited(delay, signal);
      // Undelivered records are on disk, for the next start.
      signal.throwIfAborted();
    }
  };

const failureOf = (
  { functionArn, mapping }: StreamConsumerOptions,
  records: readonly StreamRecord[],
  outcome: Outcome,
  tries: number,
): string => {
  const first = records[0]?.dynamodb;
  const last = records.at(-1)?.dynamodb;
  return JSON.stringify({
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: outcome.kind === 'throttled' ? '' : outcome.requestId,
      functionArn,
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: tries,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    DDBStreamBatchInfo: {
      shardId: 'shardId-local',
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: last?.SequenceNumber,
      approximateArrivalOfFirstRecord: new Date(
        (first?.ApproximateCreationDateTime ?? 0) * 1000,
      ).toISOString(),
      approximateArrivalOfLastRecord: new Date(
        (last?.ApproximateCreationDateTime ?? 0) * 1000,
      ).toISOString(),
      batchSize: records.length,
      streamArn: mapping.streamArn,
    },
  });
};
