import { STATUS_CODES } from 'node:http';
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { API } from '../core/contract.ts';

/**
 * API Gateway refuses some requests before it calls the function. These answers are problem details like the
 * function's own (RFC 9457). A template can neither read the status nor branch, so each type of refusal of a REST API
 * with IAM has its own template; the defaults cover the rest.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const SAID = '$context.error.messageString';

interface Refusal {
  readonly type: ResponseType;
  readonly status: number;
  /** JSON, or a variable that becomes JSON. */
  readonly detail: string;
}

const refusal = (type: ResponseType, status: number, detail = SAID): Refusal => ({
  type,
  status,
  detail,
});

const REFUSALS: Readonly<Record<string, Refusal>> = {
  // API Gateway does not distinguish the two cases; its own message names only the first.
  Unsigned: refusal(
    ResponseType.MISSING_AUTHENTICATION_TOKEN,
    403,
    '"The request is not signed (SigV4, service execute-api), or there is nothing at this path."',
  ),
  Denied: refusal(ResponseType.ACCESS_DENIED, 403),
  BadSignature: refusal(ResponseType.INVALID_SIGNATURE, 403),
  ExpiredToken: refusal(ResponseType.EXPIRED_TOKEN, 403),
  BadParameters: refusal(ResponseType.BAD_REQUEST_PARAMETERS, 400),
  BadBody: refusal(
    ResponseType.BAD_REQUEST_BODY,
    400,
    '"The body: $context.error.validationErrorString"',
  ),
  BadMediaType: refusal(ResponseType.UNSUPPORTED_MEDIA_TYPE, 415),
  // API Gateway's limit applies before the function's own limit.
  TooLarge: refusal(
    ResponseType.REQUEST_TOO_LARGE,
    413,
    `"The body is too large: API Gateway accepts 10 MB, and the API ${API.largestBody} bytes at most."`,
  ),
  Throttled: refusal(ResponseType.THROTTLED, 429, '"Too many requests. Try again later."'),
  IntegrationFailed: refusal(ResponseType.INTEGRATION_FAILURE, 504),
  IntegrationLate: refusal(ResponseType.INTEGRATION_TIMEOUT, 504),
  Misconfigured: refusal(ResponseType.API_CONFIGURATION_ERROR, 500),
  Refused: refusal(ResponseType.DEFAULT_4XX, 400),
  Failed: refusal(ResponseType.DEFAULT_5XX, 502),
};

const templateOf = ({ status, detail }: Refusal): string =>
  `{"type":"about:blank","title":"${STATUS_CODES[status]}","status":${status},"detail":${detail},` +
  '"instance":"urn:uuid:$context.requestId","code":"$context.error.responseType"}';

/** Sets the text of all API Gateway's own refusals. */
export const explainRefusals = (api: RestApi): void => {
  for (const [id, refused] of Object.entries(REFUSALS)) {
    api.addGatewayResponse(id, {
      type: refused.type,
      statusCode: String(refused.status),
      responseHeaders: { 'Content-Type': "'application/problem+json'" },
      templates: { 'application/json': templateOf(refused) },
    });
  }
};
