import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { sha256Hex } from '../../core/ids.ts';

export interface QueueAccess {
  readonly url: string;
  readonly client: SQSClient;
}

/** SQS discards a repeated deduplication id for 5 minutes; a renewal uses another id. */
export const deduplicationIdOf = (id: string, renewal: string | undefined): string =>
  renewal === undefined ? id : sha256Hex(`${id}\0${renewal}`);

/** Hides the message of a receipt for this many seconds from now. */
export const hide = async (
  { url, client }: QueueAccess,
  receiptHandle: string,
  seconds: number,
): Promise<void> => {
  await client.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: url,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: seconds,
    }),
  );
};

/** Messages waiting or in flight, as SQS estimates. */
export const depth = async ({ url, client }: QueueAccess): Promise<number> => {
  const answer = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return Object.values(answer.Attributes ?? {}).reduce((sum, count) => sum + Number(count), 0);
};
