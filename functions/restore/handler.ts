import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { METRICS } from '../../core/contract.ts';
import { RESTORES } from '../../core/leased-work/kinds.ts';
import { workerHandler } from '../batch.ts';
import { compose } from './compose.ts';
import { restoreBackup } from './restore-backup.ts';

const log = makeLog('restore');
const metrics = makeMetrics('restore');
const { ports, options } = compose(log);

export const handler = workerHandler({
  kind: RESTORES,
  log,
  metrics,
  work: (delivery) => restoreBackup(ports, options, delivery),
  measure: (disposition) => {
    if (disposition.message === 'again') return;
    const status = disposition.work?.status;
    if (status === 'completed') metrics.addMetric(METRICS.restoreCompleted, MetricUnit.Count, 1);
    if (status === 'failed') metrics.addMetric(METRICS.restoreFailed, MetricUnit.Count, 1);
  },
});
