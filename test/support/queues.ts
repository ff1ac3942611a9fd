import { SQSClient } from '@aws-sdk/client-sqs';
import type { FauxqsServer } from 'fauxqs';
import { startNarrowed } from '../../local/emulators/queues.ts';

export interface Queues {
  /** For `AWS_ENDPOINT_URL_SQS` and `AWS_ENDPOINT_URL_S3` of a process under test: one emulator serves both. */
  readonly endpoint: string;
  readonly server: FauxqsServer;
  readonly client: SQSClient;
  /** Another client, for a test that alters it. */
  connect(): SQSClient;
  /** Creates a queue and returns its URL; a name ending in `.fifo` makes it FIFO. */
  newQueue(name: string, attributes?: Record<string, string>): string;
  /** Removes a queue with all its messages. */
  dropQueue(name: string): void;
  /** Bodies of all messages in a queue, waiting or in flight, in no order; removes none. */
  bodies(name: string): readonly unknown[];
  stop(): Promise<void>;
}

/** Starts the emulator of SQS and S3 in this process, in memory, on a free port of 127.0.0.1. */
export const startQueues = async (): Promise<Queues> => {
  const server = await startNarrowed({ port: 0 });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const connect = () =>
    new SQSClient({
      endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  const client = connect();
  return {
    endpoint,
    server,
    client,
    connect,
    newQueue: (name, attributes = {}) => {
      const { queueUrl } = server.createQueue(name, {
        region: 'eu-central-1',
        attributes: { ...(name.endsWith('.fifo') && { FifoQueue: 'true' }), ...attributes },
      });
      // The emulator's own URL has a host name that does not resolve.
      return queueUrl.replace(/^https?:\/\/[^/]+/, endpoint);
    },
    dropQueue: (name) => server.deleteQueue(name, { region: 'eu-central-1' }),
    bodies: (name) => {
      const queue = server.inspectQueue(name);
      if (!queue) throw new Error(`There is no queue ${name}.`);
      const { ready, delayed, inflight } = queue.messages;
      return [...ready, ...delayed, ...inflight.map((held) => held.message)].map((message) =>
        JSON.parse(message.body),
      );
    },
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
};
