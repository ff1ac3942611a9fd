import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { METRICS } from '../../core/contract.ts';
import { VERIFICATIONS } from '../../core/leased-work/kinds.ts';
import { workerHandler } from '../batch.ts';
import { compose } from './compose.ts';
import { verifyBackup } from './verify-backup.ts';

const METRIC_OF = {
  verified: METRICS.verified,
  failed: METRICS.verificationFailed,
  'could-not-run': METRICS.verificationCouldNotRun,
} as const;

const log = makeLog('verify');
const metrics = makeMetrics('verify');
const ports = compose(log);

export const handler = workerHandler({
  kind: VERIFICATIONS,
  log,
  metrics,
  work: (delivery) => verifyBackup(ports, delivery),
  measure: (disposition) => {
    if (disposition.message === 'again' || !disposition.work?.result) return;
    metrics.addMetric(METRIC_OF[disposition.work.result.verdict], MetricUnit.Count, 1);
  },
});
