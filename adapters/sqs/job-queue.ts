import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { messageGroupOf } from '../../core/ids.ts';
import type { JobQueue, RestoreQueue, VerificationQueue } from '../../core/job-ports.ts';
import { bodyOf } from './body.ts';
import { deduplicationIdOf, depth, hide, type QueueAccess } from './fifo.ts';

/** A FIFO queue of jobs. One message group a project: never two of its restores, or of its verifications, at once. */
const makeJobQueue = <M extends { readonly projectId: string }>(
  access: QueueAccess,
  idOf: (message: M) => string,
): JobQueue<M> => ({
  send: async (message, renewal) => {
    await access.client.send(
      new SendMessageCommand({
        QueueUrl: access.url,
        MessageBody: bodyOf(message),
        MessageGroupId: messageGroupOf(message.projectId),
        MessageDeduplicationId: deduplicationIdOf(idOf(message), renewal),
      }),
    );
  },

  depth: () => depth(access),
  hide: (receiptHandle, seconds) => hide(access, receiptHandle, seconds),
});

/** A source's queue of restores into it. */
export const makeRestoreQueue = (access: QueueAccess): RestoreQueue =>
  makeJobQueue(access, ({ restoreId }) => restoreId);

export const makeVerificationQueue = (access: QueueAccess): VerificationQueue =>
  makeJobQueue(access, ({ verificationId }) => verificationId);
