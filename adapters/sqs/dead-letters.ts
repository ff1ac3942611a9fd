import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { DeadLetterQueue } from '../../core/queue-ports.ts';
import type { QueueAccess } from './fifo.ts';

/** The most messages of one request. */
const BATCH = 10;
/**
 * Seconds. A request without a wait asks only some of SQS's servers, and may miss a message that waits.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
 */
const WAIT_SECONDS = 1;

const attributesOf = ({ MessageAttributes = {} }: Message): Record<string, string> =>
  Object.fromEntries(
    Object.entries(MessageAttributes).flatMap(([name, { StringValue }]) =>
      StringValue === undefined ? [] : [[name, StringValue] as const],
    ),
  );

/** A dead-letter queue that a function reads itself. */
export const makeDeadLetterQueue = ({ url: QueueUrl, client }: QueueAccess): DeadLetterQueue => ({
  receive: async () => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: BATCH,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages.map((message) => ({
      messageId: message.MessageId ?? '',
      receiptHandle: message.ReceiptHandle ?? '',
      body: message.Body ?? '',
      attributes: attributesOf(message),
    }));
  },

  remove: async (letters) => {
    if (!letters.length) return;
    const { Failed = [] } = await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: letters.map(({ receiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
        })),
      }),
    );
    const [first] = Failed;
    if (first)
      throw new Error(`SQS kept ${Failed.length} of ${letters.length} messages: ${first.Code}`);
  },
});
