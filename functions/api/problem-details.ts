import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { ProjectNotResolved } from '../../core/errors/request.ts';
import { toResult } from './http.ts';
import type { ApiPorts } from './ports.ts';
import { problemAnswer } from './problems.ts';

/** Answers every error with problem details, and logs unexpected ones. An error never fails the invocation. */
export const problemDetails = (
  ports: Pick<ApiPorts, 'log' | 'countUnresolved'>,
): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult> => ({
  onError: (request) => {
    const { error, event } = request;
    const { requestId } = event.requestContext;
    const answer = problemAnswer(error, requestId);
    if (error instanceof ProjectNotResolved) ports.countUnresolved?.();
    const { httpMethod: method, resource } = event;
    // The code that throws a 503 has logged the cause.
    if (answer.status === 500)
      ports.log.error('a request failed', { requestId, method, resource, error });
    request.response = toResult(answer);
  },
});
