import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRICS } from '../core/contract.ts';

/**
 * Metrics as log lines (EMF), through Powertools. Lambda provides the function's name, which separates two stacks in one
 * account: their services have the same names.
 */
export const makeMetrics = (service: string): Metrics =>
  new Metrics({
    namespace: METRICS.namespace,
    serviceName: service,
    defaultDimensions: {
      [METRICS.functionDimension]: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'local',
    },
  });
