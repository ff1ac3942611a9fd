import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { ACCOUNT, CREDENTIALS, REGION } from '../region.ts';
import { type Admit, guardRequests, signedBy } from './admission.ts';
import { LOOPBACK } from './loopback.ts';
import type { Credentials } from './signature.ts';

/**
 * SQS: fauxqs, with its messages in a folder, so that messages that waited or were hidden when a start ended are still
 * there in the next. Its HTTP server would listen on every interface of the machine. Fastify announces each new server
 * on a diagnostics channel; there the address is changed to the loopback interface.
 */
export interface Queues {
  readonly port: number;
  readonly url: string;
  /** Creates a queue, or updates the attributes of a queue from an earlier start. */
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

/** fauxqs, on the loopback interface only. */
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
 * @param own the credentials that create queues; absent: any credentials are accepted
 * @param admit access control for other callers
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
      // Fixed at creation, and two that fauxqs stores but can't change.
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
