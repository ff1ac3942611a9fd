import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { makeHistory } from '../adapters/dynamodb/history.ts';
import { makeExportQueue } from '../adapters/sqs/work-queue.ts';
import { type Backup, iso } from '../core/backup.ts';
import { uuidv7 } from '../core/ids.ts';
import type { Queues } from '../test/support/queues.ts';
import type { Tables } from '../test/support/tables.ts';

/** One requested export, with the event that Lambda would deliver. */
export interface Requested {
  readonly projectId: string;
  readonly id: string;
  readonly event: unknown;
}

/** Requests exports as the API does, and settles them as Lambda does. */
export const makeExports = (tables: Tables, table: string, queues: Queues, queueUrl: string) => {
  const history = makeHistory({ table, client: tables.client, clock: Date.now });
  const receipts = new Map<string, string | undefined>();
  return {
    /** Writes the row, sends the message and receives it. */
    request: async (projectId: string): Promise<Requested> => {
      const now = Date.now();
      const id = uuidv7(now);
      await history.create({
        id,
        projectId,
        projectName: projectId,
        schemaName: projectId,
        source: 'main',
        environment: 'bench',
        name: 'bench',
        description: '',
        type: 'database',
        content: 'full',
        trigger: 'manual',
        format: 'custom',
        status: 'pending',
        validation: 'unverified',
        retentionClass: 'daily',
        createdAt: iso(now),
        expiresAt: iso(now + 86_400_000),
        attempt: 0,
        queuedAt: iso(now),
      });
      await makeExportQueue({ url: queueUrl, client: queues.client }).send([{ projectId, id }]);
      const received = await queues.client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
      const message = received.Messages?.[0];
      if (!message) throw new Error('The queue did not give the message that was just sent.');
      receipts.set(id, message.ReceiptHandle);
      const record = {
        messageId: message.MessageId,
        receiptHandle: message.ReceiptHandle,
        body: message.Body,
      };
      return { projectId, id, event: { Records: [record] } };
    },
    /** Deletes the message from its queue, as Lambda does after a success. @throws Error if the backup is not completed */
    settle: async ({ projectId, id }: Requested): Promise<Backup> => {
      await queues.client.send(
        new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receipts.get(id) }),
      );
      const row = await history.get(projectId, id);
      if (row?.status === 'completed') return row;
      throw new Error(`${projectId}: ${row?.status}, ${row?.error?.message}`);
    },
  };
};
