import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import { makeMetrics } from '../../adapters/metrics.ts';
import { METRICS } from '../../core/contract.ts';
import type { JobDisposition } from '../../core/job-work.ts';
import { restoreMessage } from '../../core/messages.ts';
import type { Restore } from '../../core/restore.ts';
import { workQueue } from '../batch.ts';
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

export const handler = middy(
  workQueue({
    queue: 'restores',
    schema: restoreMessage,
    log: ports.log,
    work: (delivery) => restoreBackup(ports, options, delivery),
    measure,
  }),
);
