import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { Backup } from '../../core/backup.ts';
import { METRICS } from '../../core/contract.ts';
import { BACKUPS } from '../../core/leased-work/kinds.ts';
import type { Disposition } from '../../core/leased-work/work-message.ts';
import { workQueue } from '../batch.ts';
import { compose } from './compose.ts';
import { exportBackup } from './export-backup.ts';

const { ports, options } = compose();
const metrics = new Metrics({ namespace: METRICS.namespace, serviceName: 'export' });

const measure = (disposition: Disposition<Backup>): void => {
  if (disposition.message === 'again') {
    metrics.addMetric(METRICS.exportRetried, MetricUnit.Count, 1);
  } else if (disposition.error) {
    metrics.addMetric(METRICS.exportFailed, MetricUnit.Count, 1);
  } else if (disposition.work) {
    const { size = 0, durationMs = 0 } = disposition.work;
    metrics.addMetric(METRICS.exportCompleted, MetricUnit.Count, 1);
    metrics.addMetric(METRICS.exportBytes, MetricUnit.Bytes, size);
    metrics.addMetric(METRICS.exportDuration, MetricUnit.Milliseconds, durationMs);
  }
  metrics.publishStoredMetrics();
};

export const handler = middy(
  workQueue({
    kind: BACKUPS,
    log: ports.log,
    work: (delivery) => exportBackup(ports, options, delivery),
    measure,
  }),
);
