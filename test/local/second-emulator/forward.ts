import {
  Agent,
  request as ask,
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Admit } from '../../../local/emulators/admission.ts';
import { type Listening, LOOPBACK, listenOnLoopback } from '../../../local/emulators/loopback.ts';
import { refusedRemovals } from '../../../local/emulators/s3/removals.ts';

export interface ForwardOptions {
  readonly port: number;
  /** Access control in front of the server. */
  readonly admit: Admit;
  /** Changes the body of a request. */
  readonly rewrite?: (body: string) => string;
  readonly onAnswer?: (status: number) => void;
}

/** One service of a server, behind access control of its own: a request that is admitted is passed on as it is. */
export const startForward = ({
  port,
  admit,
  rewrite,
  onAnswer,
}: ForwardOptions): Promise<Listening> => {
  const agent = new Agent({ keepAlive: false });
  const forward = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (refusedRemovals(incoming).size > 0)
      throw new Error('the server can not refuse parts of a removal');
    // Node has answered the expectation already.
    const { expect: _, ...headers } = incoming.headers;
    const body = rewrite && Buffer.from(rewrite((await buffer(incoming)).toString('utf8')));
    const onward = ask({
      agent,
      host: LOOPBACK,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...headers, ...(body && { 'content-length': body.length }) },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      onward.once('response', resolve).once('error', reject);
    });
    if (body) onward.end(body);
    else await pipeline(incoming, onward);
    const answer = await answered;
    onAnswer?.(answer.statusCode ?? 0);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
  };
  return listenOnLoopback(
    createServer((incoming, response) => {
      forward(incoming, response).catch(() => response.destroy());
    }),
    admit,
  );
};
