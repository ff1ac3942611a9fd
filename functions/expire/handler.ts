import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
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
import { handleStream } from '../batch.ts';
import { lambdaHandler } from '../middleware.ts';
import { expireBackup } from './expire-backup.ts';

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

/** Rejects if the record must be delivered again. */
const handle = async (record: DynamoDBRecord): Promise<void> => {
  if (!isExpiry(record)) return;
  try {
    const backup = removedBackup(record);
    if (backup && (await expireBackup(ports, backup)) === 'removed')
      metrics.addMetric(METRICS.backupsExpired, MetricUnit.Count, 1);
  } catch (error) {
    log.error('a record of the stream could not be handled', {
      sequenceNumber: record.dynamodb?.SequenceNumber,
      ...failureFacts(error),
    });
    if (!(error instanceof InvalidInput)) throw error;
    // A retry would have the same result.
    metrics.addMetric(METRICS.recordsUnreadable, MetricUnit.Count, 1);
  }
};

/**
 * Handles the history's stream. Every record of a batch is tried, even after failures: Lambda delivers all records again
 * from the first failed one on, and a repeated record has no further effect. The
 * mapping bisects, so that a record which never succeeds ends alone in the on-failure destination.
 */
export const handler = lambdaHandler(log, metrics, (event: DynamoDBStreamEvent) =>
  handleStream(event, handle),
);
