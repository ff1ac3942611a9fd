import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { ACCOUNT, CREDENTIALS, REGION } from '../region.ts';
import { type Admit, guardRequests, signedBy } from './admission.ts';
import { LOOPBACK } from './loopback.ts';
import type { Credentials } from './signature.ts';

/**
 * SQS: fauxqs, with its messages in a folder, so that what waited or was hidden when a start ended goes on waiting in
 * the next. Its HTTP server would listen on every interface of the machine; Fastify announces each server that is made
 * on a diagnostics channel, and there the address is narrowed to the loopback interface.
 */
export interface Queues {
  readonly port: number;
  readonly url: string;
  /** Creates a queue, or brings the attributes of one from an earlier start up to date. */
  ensure(name: string, attributes: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

export const queueArn = (name: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;

interface Announced {
  readonly fastify: {
    readonly server: Server;
    listen: (options: { port: number; host: string }) => Promise<string>;
  };
}

const narrow =
  (admit?: Admit) =>
  (message: unknown): void => {
    const { fastify } = message as Announced;
    const listen = fastify.listen.bind(fastify);
    fastify.listen = (options) => {
      guardRequests(fastify.server, admit);
      return listen({ ...options, host: LOOPBACK });
    };
  };

/** fauxqs, on the loopback interface and nowhere else. */
export const startNarrowed = async (
  options: Omit<NonNullable<Parameters<typeof startFauxqs>[0]>, 'host' | 'logger'>,
  admit?: Admit,
): Promise<FauxqsServer> => {
  const announced = narrow(admit);
  subscribe('fastify.initialization', announced);
  try {
    return await startFauxqs({ ...options, logger: false, host: LOOPBACK });
  } finally {
    unsubscribe('fastify.initialization', announced);
  }
};

/**
 * @param own the credentials that queues are made with; where absent, any are taken
 * @param admit who else is let in
 */
export const startQueues = async (
  folder: string,
  own?: Credentials,
  admit: Admit | undefined = own && signedBy(own),
): Promise<Queues> => {
  const server = await startNarrowed({ port: 0, defaultRegion: REGION, dataDir: folder }, admit);
  const url = `http://${LOOPBACK}:${server.port}`;
  const client = new SQSClient({ endpoint: url, region: REGION, credentials: own ?? CREDENTIALS });
  return {
    port: server.port,
    url,
    ensure: async (name, attributes) => {
      if (!server.inspectQueue(name)) {
        server.createQueue(name, { attributes: { ...attributes } });
        return;
      }
      // Fixed at creation, and two that fauxqs keeps but can't change.
      const {
        FifoQueue: _a,
        DeduplicationScope: _b,
        FifoThroughputLimit: _c,
        ...changeable
      } = attributes;
      await client.send(
        new SetQueueAttributesCommand({
          QueueUrl: `${url}/${ACCOUNT}/${name}`,
          Attributes: changeable,
        }),
      );
    },
    close: async () => {
      client.destroy();
      await server.stop();
    },
  };
};
