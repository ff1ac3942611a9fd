import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { DynamoDBBatchItemFailure, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { isExpiry, removedBackup } from '../../adapters/dynamodb/stream.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { makeVault, makeVaultClient } from '../../adapters/s3/vault.ts';
import { METRICS } from '../../core/contract.ts';
import { failureFacts } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { inParallel } from '../../core/parallel.ts';
import { expireBackup } from './expire-backup.ts';

/** Records of one batch concern different rows, and nothing about them depends on their order. */
const RECORDS_AT_ONCE = 4;

const environment = readEnvironment(['historyTable', 'vaultBucket']);
const log = makeLog('expire');
const metrics = makeMetrics('expire');
const ports = {
  log,
  history: makeHistory({
    table: environment.historyTable,
    client: makeTableClient(),
    clock: Date.now,
  }),
  vault: makeVault({ bucket: environment.vaultBucket, client: makeVaultClient() }),
};

/** False where the record must come again. */
const handle = async (record: DynamoDBRecord): Promise<boolean> => {
  if (!isExpiry(record)) return true;
  try {
    const backup = removedBackup(record);
    if (backup && (await expireBackup(ports, backup)) === 'removed') {
      metrics.addMetric(METRICS.backupsExpired, MetricUnit.Count, 1);
    }
    return true;
  } catch (error) {
    log.error('a record of the stream could not be handled', {
      sequenceNumber: record.dynamodb?.SequenceNumber,
      ...failureFacts(error),
    });
    if (!(error instanceof InvalidInput)) return false;
    // It would be the same the next time.
    metrics.addMetric(METRICS.recordsUnreadable, MetricUnit.Count, 1);
    return true;
  }
};

/**
 * The history's stream. Every record of a batch is tried, whatever became of those before it: Lambda delivers
 * again all from the first failed one on, and what was done already is done again without effect. The
 * mapping bisects, so that a record which never succeeds ends alone in the on-failure destination.
 */
export const handler = middy(async (event: DynamoDBStreamEvent) => {
  const failures = await inParallel(
    event.Records,
    RECORDS_AT_ONCE,
    async (record): Promise<DynamoDBBatchItemFailure[]> =>
      (await handle(record)) ? [] : [{ itemIdentifier: record.dynamodb?.SequenceNumber ?? '' }],
  );
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  return { batchItemFailures: failures.flat() };
});
