import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import { makeMetrics } from '../../adapters/metrics.ts';
import { METRICS } from '../../core/contract.ts';
import { VERIFICATIONS } from '../../core/leased-work/kinds.ts';
import type { Disposition } from '../../core/leased-work/work-message.ts';
import type { Verification } from '../../core/verification.ts';
import { workQueue } from '../batch.ts';
import { compose } from './compose.ts';
import { verifyBackup } from './verify-backup.ts';

const ports = compose();
const metrics = makeMetrics('verify');

const METRIC_OF = {
  verified: METRICS.verified,
  failed: METRICS.verificationFailed,
  'could-not-run': METRICS.verificationCouldNotRun,
} as const;

const measure = (disposition: Disposition<Verification>): void => {
  if (disposition.message === 'again' || !disposition.work?.result) return;
  metrics.addMetric(METRIC_OF[disposition.work.result.verdict], MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
};

export const handler = middy(
  workQueue({
    kind: VERIFICATIONS,
    log: ports.log,
    work: (delivery) => verifyBackup(ports, delivery),
    measure,
  }),
);
