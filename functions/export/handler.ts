import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { METRICS } from '../../core/contract.ts';
import { BACKUPS } from '../../core/leased-work/kinds.ts';
import { workerHandler } from '../batch.ts';
import { compose } from './compose.ts';
import { exportBackup } from './export-backup.ts';

const log = makeLog('export');
const metrics = makeMetrics('export');
const { ports, options } = compose(log, () =>
  metrics.addMetric(METRICS.templatesDiffer, MetricUnit.Count, 1),
);

export const handler = workerHandler({
  kind: BACKUPS,
  log,
  metrics,
  work: (delivery) => exportBackup(ports, options, delivery),
  measure: (disposition) => {
    if (disposition.message === 'again')
      return void metrics.addMetric(METRICS.exportRetried, MetricUnit.Count, 1);
    const { status, size = 0, durationMs = 0 } = disposition.work ?? {};
    if (status === 'failed') metrics.addMetric(METRICS.exportFailed, MetricUnit.Count, 1);
    if (status === 'completed') {
      metrics.addMetric(METRICS.exportCompleted, MetricUnit.Count, 1);
      metrics.addMetric(METRICS.exportBytes, MetricUnit.Bytes, size);
      metrics.addMetric(METRICS.exportDuration, MetricUnit.Milliseconds, durationMs);
    }
  },
});
