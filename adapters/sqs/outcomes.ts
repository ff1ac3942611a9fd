import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Outcomes } from '../../core/queue-ports.ts';
import { bodyOf } from './body.ts';

/** The queue of outcomes that people may have to be notified of. Messages may arrive twice: rows record who was notified. */
export const makeOutcomes = (access: {
  readonly url: string;
  readonly client: SQSClient;
}): Outcomes => ({
  send: async (message) => {
    await access.client.send(
      new SendMessageCommand({ QueueUrl: access.url, MessageBody: bodyOf(message) }),
    );
  },
});
