import type { Agent } from 'node:http';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/**
 * How clients of the AWS SDK call AWS. All clients of Larder use it, because two defaults of the SDK do not suit a function
 * that survives between events:
 *
 * - The SDK waits for an answer without a limit. A silent connection would block a worker until its function is stopped; meanwhile
 *   its claim would expire. Here a late answer is an error, and the SDK tries again.
 * - The SDK keeps idle connections without a limit. Lambda freezes a function between events, and AWS or a NAT gateway drops an idle
 *   connection (after 350 s, https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html). The next request on it
 *   is reset, and after three dropped connections the SDK has no retry left. Here a connection ends after some seconds without use.
 *   Timers of a frozen function fire late, after the next event has begun, so the clock is checked before each request, too.
 */

/** How long an idle connection may be reused, milliseconds. */
export const IDLE_MS = 10_000;
const CONNECT_MS = 3_000;
const ANSWER_MS = 10_000;

interface Pool {
  readonly freeSockets: Agent['freeSockets'];
}

const endIdle = (pool: Pool | undefined): void => {
  for (const sockets of Object.values(pool?.freeSockets ?? {}))
    for (const socket of sockets ?? []) socket.destroy();
};

class RequestHandler extends NodeHttpHandler {
  /** Epoch milliseconds of the last answer. */
  #usedAt = Date.now();

  override async handle(
    ...[request, options]: Parameters<NodeHttpHandler['handle']>
  ): ReturnType<NodeHttpHandler['handle']> {
    if (Date.now() - this.#usedAt > IDLE_MS) {
      const { httpAgent, httpsAgent } = this.httpHandlerConfigs();
      for (const pool of [httpAgent, httpsAgent]) if (pool && 'freeSockets' in pool) endIdle(pool);
    }
    try {
      return await super.handle(request, options);
    } finally {
      this.#usedAt = Date.now();
    }
  }
}

/** @param answerMs longest wait for the start of an answer, milliseconds */
export const makeRequestHandler = (answerMs = ANSWER_MS): NodeHttpHandler =>
  new RequestHandler({
    connectionTimeout: CONNECT_MS,
    requestTimeout: answerMs,
    throwOnRequestTimeout: true,
    httpAgent: { timeout: IDLE_MS },
    httpsAgent: { timeout: IDLE_MS },
  });
