import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRICS } from '../core/contract.ts';

/**
 * Metrics as lines of the log (EMF), through Powertools. The function's name, which Lambda gives, keeps two stacks in one
 * account apart: services are called the same in both.
 */
export const makeMetrics = (service: string): Metrics =>
  new Metrics({
    namespace: METRICS.namespace,
    serviceName: service,
    defaultDimensions: {
      [METRICS.functionDimension]: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'local',
    },
  });
