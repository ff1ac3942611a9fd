import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import { makeMetrics } from '../../adapters/metrics.ts';
import { METRICS } from '../../core/contract.ts';
import { RESTORES } from '../../core/leased-work/kinds.ts';
import type { Disposition } from '../../core/leased-work/work-message.ts';
import type { Restore } from '../../core/restore.ts';
import { workQueue } from '../batch.ts';
import { compose } from './compose.ts';
import { restoreBackup } from './restore-backup.ts';

const { ports, options } = compose();
const metrics = makeMetrics('restore');

const measure = ({ message, ...ended }: Disposition<Restore>): void => {
  if (message === 'again' || !('work' in ended) || !ended.work) return;
  const { status } = ended.work;
  if (status === 'completed') metrics.addMetric(METRICS.restoreCompleted, MetricUnit.Count, 1);
  if (status === 'failed') metrics.addMetric(METRICS.restoreFailed, MetricUnit.Count, 1);
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
};

export const handler = middy(
  workQueue({
    kind: RESTORES,
    log: ports.log,
    work: (delivery) => restoreBackup(ports, options, delivery),
    measure,
  }),
);
