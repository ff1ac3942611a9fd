import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Outcomes } from '../../core/queue-ports.ts';
import { bodyOf } from './body.ts';

/** The queue of what a person may have to hear of. Messages may come twice: rows say who has been told. */
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
