import { STATUS_CODES } from 'node:http';
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { API } from '../core/contract.ts';
import {
  GATEWAY_PROBLEM_TYPES,
  type GatewayProblemCode,
  type ProblemType,
  problemTypeUri,
} from '../core/problem-types.ts';

/**
 * API Gateway refuses some requests before it calls the function. These answers are problem details like the
 * function's own (RFC 9457). A template can neither read the status nor branch, so each type of refusal of a REST API
 * with IAM has its own template; the defaults cover the rest.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const SAID = '$context.error.messageString';

interface Refusal {
  readonly type: ResponseType;
  readonly code: GatewayProblemCode;
  /** JSON, or a variable that becomes JSON. */
  readonly detail: string;
}

const refusal = (type: ResponseType, code: GatewayProblemCode, detail = SAID): Refusal => ({
  type,
  code,
  detail,
});

const REFUSALS: Readonly<Record<string, Refusal>> = {
  // API Gateway does not distinguish the two cases; its own message names only the first.
  Unsigned: refusal(
    ResponseType.MISSING_AUTHENTICATION_TOKEN,
    'MISSING_AUTHENTICATION_TOKEN',
    '"The request is not signed (SigV4, service execute-api), or there is nothing at this path."',
  ),
  Denied: refusal(ResponseType.ACCESS_DENIED, 'ACCESS_DENIED'),
  BadSignature: refusal(ResponseType.INVALID_SIGNATURE, 'INVALID_SIGNATURE'),
  ExpiredToken: refusal(ResponseType.EXPIRED_TOKEN, 'EXPIRED_TOKEN'),
  BadParameters: refusal(ResponseType.BAD_REQUEST_PARAMETERS, 'BAD_REQUEST_PARAMETERS'),
  BadBody: refusal(
    ResponseType.BAD_REQUEST_BODY,
    'BAD_REQUEST_BODY',
    '"The body: $context.error.validationErrorString"',
  ),
  BadMediaType: refusal(ResponseType.UNSUPPORTED_MEDIA_TYPE, 'UNSUPPORTED_MEDIA_TYPE'),
  // API Gateway's limit applies before the function's own limit.
  TooLarge: refusal(
    ResponseType.REQUEST_TOO_LARGE,
    'REQUEST_TOO_LARGE',
    `"The body is too large: API Gateway accepts 10 MB, and the API ${API.largestBody} bytes at most."`,
  ),
  Throttled: refusal(ResponseType.THROTTLED, 'THROTTLED', '"Too many requests. Try again later."'),
  IntegrationFailed: refusal(ResponseType.INTEGRATION_FAILURE, 'INTEGRATION_FAILURE'),
  IntegrationLate: refusal(ResponseType.INTEGRATION_TIMEOUT, 'INTEGRATION_TIMEOUT'),
  Misconfigured: refusal(ResponseType.API_CONFIGURATION_ERROR, 'API_CONFIGURATION_ERROR'),
  Refused: refusal(ResponseType.DEFAULT_4XX, 'DEFAULT_4XX'),
  Failed: refusal(ResponseType.DEFAULT_5XX, 'DEFAULT_5XX'),
};

const templateOf = (code: GatewayProblemCode, status: number, detail: string): string =>
  `{"type":"${problemTypeUri(code)}","title":"${STATUS_CODES[status]}","status":${status},"detail":${detail},` +
  '"instance":"urn:uuid:$context.requestId","code":"$context.error.responseType"}';

/** Sets the text of all API Gateway's own refusals. */
export const explainRefusals = (api: RestApi): void => {
  for (const [id, { type, code, detail }] of Object.entries(REFUSALS)) {
    const { status, retryAfter }: ProblemType = GATEWAY_PROBLEM_TYPES[code];
    api.addGatewayResponse(id, {
      type,
      statusCode: String(status),
      responseHeaders: {
        'Content-Type': "'application/problem+json'",
        ...(retryAfter !== undefined && { 'Retry-After': `'${retryAfter}'` }),
      },
      templates: { 'application/json': templateOf(code, status, detail) },
    });
  }
};
