import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { messageGroupOf } from '../../core/ids.ts';
import type { ExportMessage } from '../../core/messages.ts';
import { chunksOf, inParallel } from '../../core/parallel.ts';
import type { ExportQueue } from '../../core/queue-ports.ts';
import { bodyOf } from './body.ts';
import { deduplicationIdOf, depth, hide, type QueueAccess } from './fifo.ts';

/** What SQS takes in one call. */
const BATCH = 10;
const CALLS_AT_ONCE = 16;
/** A message that SQS refused for a reason of its own is sent so many times in all. */
const TRIES = 3;

const sendBatch = async (
  { url, client }: QueueAccess,
  messages: readonly ExportMessage[],
  renewal: string | undefined,
): Promise<readonly ExportMessage[]> => {
  let unsent = messages;
  for (let tries = 0; unsent.length && tries < TRIES; tries += 1) {
    const asked = unsent;
    const answer = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: asked.map((message, index) => ({
          Id: String(index),
          MessageBody: bodyOf(message),
          MessageGroupId: messageGroupOf(message.projectId),
          MessageDeduplicationId: deduplicationIdOf(message.backupId, renewal),
        })),
      }),
    );
    const sent = new Set(answer.Successful?.map((entry) => entry.Id));
    unsent = asked.filter((_, index) => !sent.has(String(index)));
  }
  return unsent;
};

/** A source's FIFO queue of export requests. One message group a project: never two of its exports at once. */
export const makeExportQueue = (access: QueueAccess): ExportQueue => ({
  send: async (messages, renewal) => {
    const unsent = await inParallel(chunksOf(messages, BATCH), CALLS_AT_ONCE, (batch) =>
      sendBatch(access, batch, renewal),
    );
    return unsent.flat();
  },

  depth: () => depth(access),
  hide: (receiptHandle, seconds) => hide(access, receiptHandle, seconds),
});
