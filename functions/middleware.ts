import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod';
import type { LambdaLog } from '../adapters/log.ts';
import { parse } from '../core/messages.ts';

/** Publishes the metrics of an invocation, also of a failed one. Powertools' own `logMetrics` warns if there are none. */
const publishing = (metrics: Metrics): MiddlewareObj => {
  const publish = (): void => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
  return { after: publish, onError: publish };
};

/**
 * Makes a Lambda handler with the parts that all handlers need: the invocation's context and request id in each log line, and the
 * metrics published at the end. More middleware can be added to the result.
 */
export const lambdaHandler = <E, R>(
  { logger }: LambdaLog,
  metrics: Metrics | undefined,
  handle: (event: E, context: Context) => Promise<R>,
) => {
  const handler = middy<E, R>(handle).use(injectLambdaContext(logger, { resetKeys: true }));
  return metrics ? handler.use(publishing(metrics)) : handler;
};

/** Parses the event before the handler gets it. @throws InvalidInput, which fails the invocation */
export const parsed = <S extends z.ZodType>(
  what: string,
  schema: S,
): MiddlewareObj<z.output<S>> => ({
  before: (request) => {
    request.event = parse(what, schema, request.event);
  },
});
