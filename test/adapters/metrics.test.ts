import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { afterEach, expect, test, vi } from 'vitest';
import { makeMetrics } from '../../adapters/metrics.ts';

afterEach(() => vi.unstubAllEnvs());

test('a metric names its service and its function, which no other stack has', () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'Larder-Sweep-1');
  const metrics = makeMetrics('sweep');
  metrics.addMetric('VaultStrays', MetricUnit.Count, 2);
  const line = metrics.serializeMetrics();
  metrics.clearMetrics();
  expect(line).toMatchObject({ service: 'sweep', function: 'Larder-Sweep-1', VaultStrays: 2 });
  expect(line._aws.CloudWatchMetrics).toMatchObject([
    { Namespace: 'Larder', Dimensions: [['service', 'function']] },
  ]);
});
