/**
 * How long an answer of a small call to AWS is waited for. The SDK's default is for ever: a connection that went silent would
 * then hold a worker until its function is stopped, and its claim would run out meanwhile. The SDK tries again
 * what took longer.
 */
export const PATIENCE = {
  connectionTimeout: 3_000,
  requestTimeout: 10_000,
  throwOnRequestTimeout: true,
} as const;
