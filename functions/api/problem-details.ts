import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { ProjectNotResolved } from '../../core/errors/request.ts';
import { toResult } from './http.ts';
import type { ApiPorts } from './ports.ts';
import { problemAnswer } from './problems.ts';

/** Makes every error an answer in problem details, and logs those that nobody foresaw: an invocation never fails for one. */
export const problemDetails = (
  ports: Pick<ApiPorts, 'log' | 'countUnresolved'>,
): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult> => ({
  onError: (request) => {
    const { error, event } = request;
    const { requestId } = event.requestContext;
    const answer = problemAnswer(error, requestId);
    if (error instanceof ProjectNotResolved) ports.countUnresolved?.();
    const { httpMethod: method, resource } = event;
    // A 503 has been explained where it came from.
    if (answer.status === 500)
      ports.log.error('a request failed', { requestId, method, resource, error });
    request.response = toResult(answer);
  },
});
