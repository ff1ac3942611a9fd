import type { Agent } from 'node:http';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/**
 * How clients of the AWS SDK call AWS. Every client of Larder's has one, since two of the SDK's defaults do not fit a function
 * that lives on between events:
 *
 * - It waits for an answer for ever. A connection that went silent would hold a worker until its function is stopped, and its claim
 *   would run out meanwhile. Here a late answer is an error, and the SDK tries again.
 * - It keeps idle connections for ever. Lambda freezes a function between events, and AWS or a NAT gateway forgets a connection that
 *   is idle (after 350 s, https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html). Whoever uses it is reset,
 *   and after three forgotten connections the SDK has no try left. Here a connection ends when it was idle for some
 *   seconds. Timers of a frozen function fire after the event that thaws it has begun, so before each request the clock decides, too.
 */

/** Longest time that an idle connection is used again, milliseconds. */
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

/** @param answerMs longest wait for the beginning of an answer, milliseconds */
export const makeRequestHandler = (answerMs = ANSWER_MS): NodeHttpHandler =>
  new RequestHandler({
    connectionTimeout: CONNECT_MS,
    requestTimeout: answerMs,
    throwOnRequestTimeout: true,
    httpAgent: { timeout: IDLE_MS },
    httpsAgent: { timeout: IDLE_MS },
  });
