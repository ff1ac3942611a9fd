import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import { METRICS } from '../../core/contract.ts';
import { exportMessage } from '../../core/messages.ts';
import { workQueue } from '../batch.ts';
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

export const handler = middy(
  workQueue({
    queue: 'exports',
    schema: exportMessage,
    log: ports.log,
    work: (delivery) => exportBackup(ports, options, delivery),
    measure,
  }),
);
