import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { messageGroupOf } from '../../core/ids.ts';
import {
  BACKUPS,
  messageOf,
  RESTORES,
  VERIFICATIONS,
  type WorkKind,
} from '../../core/leased-work/kinds.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { LeasedWork, WorkRef } from '../../core/leased-work/work.ts';
import { chunksOf, inParallel } from '../../core/parallel.ts';
import { bodyOf } from './body.ts';
import { deduplicationIdOf, depth, hide, type QueueAccess } from './fifo.ts';

/** Messages that SQS accepts in one call. */
const BATCH = 10;
const CALLS_AT_ONCE = 16;
/** The most times that a message is sent, if SQS refuses it for an internal reason. */
const TRIES = 3;

type Kind = Pick<WorkKind<LeasedWork>, 'idName'>;

const sendBatch = async (
  { url, client }: QueueAccess,
  kind: Kind,
  refs: readonly WorkRef[],
  renewal: string | undefined,
): Promise<readonly WorkRef[]> => {
  let unsent = refs;
  for (let tries = 0; unsent.length && tries < TRIES; tries += 1) {
    const asked = unsent;
    const answer = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: asked.map((ref, index) => ({
          Id: String(index),
          MessageBody: bodyOf(messageOf(kind, ref)),
          MessageGroupId: messageGroupOf(ref.projectId),
          MessageDeduplicationId: deduplicationIdOf(ref.id, renewal),
        })),
      }),
    );
    const sent = new Set(answer.Successful?.map((entry) => entry.Id));
    unsent = asked.filter((_, index) => !sent.has(String(index)));
  }
  return unsent;
};

/** A FIFO queue of one kind of leased work. Each project is a message group, so two of one kind never run at once for a project. */
const makeWorkQueue = (access: QueueAccess, kind: Kind): WorkQueue => ({
  send: async (refs, renewal) => {
    const unsent = await inParallel(chunksOf(refs, BATCH), CALLS_AT_ONCE, (batch) =>
      sendBatch(access, kind, batch, renewal),
    );
    return unsent.flat();
  },

  depth: () => depth(access),
  hide: (receiptHandle, seconds) => hide(access, receiptHandle, seconds),
});

/** A source's queue of exports. */
export const makeExportQueue = (access: QueueAccess): WorkQueue => makeWorkQueue(access, BACKUPS);

/** A source's queue of restores into it. */
export const makeRestoreQueue = (access: QueueAccess): WorkQueue => makeWorkQueue(access, RESTORES);

export const makeVerificationQueue = (access: QueueAccess): WorkQueue =>
  makeWorkQueue(access, VERIFICATIONS);
