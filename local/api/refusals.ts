import type { GatewayResponse } from '../template/model.ts';

/**
 * Answers that API Gateway itself gives without calling a function: the template's gateway responses, or its default
 * texts.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
export interface Refusal {
  readonly type: string;
  readonly message: string;
  /** The error of the body, for templates that show it. */
  readonly details?: string;
}

export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const STATUS: Readonly<Record<string, number>> = {
  BAD_REQUEST_BODY: 400,
  BAD_REQUEST_PARAMETERS: 400,
  DEFAULT_5XX: 502,
  INTEGRATION_FAILURE: 504,
  INTEGRATION_TIMEOUT: 504,
  MISSING_AUTHENTICATION_TOKEN: 403,
  REQUEST_TOO_LARGE: 413,
  THROTTLED: 429,
};

const OWN_TEMPLATE = '{"message":$context.error.messageString}';

export const refusalAnswer = (
  responses: readonly GatewayResponse[],
  refusal: Refusal,
  request: { readonly requestId: string; readonly path: string; readonly method: string },
): RefusalAnswer => {
  const status = STATUS[refusal.type] ?? 500;
  const fallback = status >= 500 ? 'DEFAULT_5XX' : 'DEFAULT_4XX';
  const chosen =
    responses.find(({ type }) => type === refusal.type) ??
    responses.find(({ type }) => type === fallback);
  const [contentType, template] = Object.entries(chosen?.templates ?? {})[0] ?? [
    'application/json',
    OWN_TEMPLATE,
  ];
  const answered = chosen?.status ?? status;
  const values: Readonly<Record<string, string>> = {
    'error.messageString': JSON.stringify(refusal.message),
    'error.message': refusal.message,
    'error.responseType': refusal.type,
    // Escaped, because templates put it between quotes.
    'error.validationErrorString': JSON.stringify(refusal.details ?? '').slice(1, -1),
    requestId: request.requestId,
    extendedRequestId: request.requestId,
    path: request.path,
    httpMethod: request.method,
    resourcePath: request.path,
    stage: 'local',
    status: String(answered),
  };
  return {
    status: answered,
    headers: {
      'content-type': contentType,
      'x-amzn-errortype': refusal.type,
      'x-amzn-requestid': request.requestId,
      ...chosen?.headers,
    },
    body: template.replace(
      /\$\{context\.([A-Za-z.]+)\}|\$context\.([A-Za-z.]+)/g,
      (whole, braced?: string, plain?: string) => values[braced ?? plain ?? ''] ?? whole,
    ),
  };
};
