import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTable } from '../emulators/tables.ts';
import type { LocalModel, LocalQueue, LocalTable } from '../template/model.ts';
import type { Emulators } from './emulators.ts';

/** Creates the template's tables, queues and buckets, or finds those of an earlier start. */
export const ensureResources = async (
  model: LocalModel,
  to: {
    readonly dynamodb: DynamoDBClient;
    readonly queues: Pick<Emulators['queues'], 'ensure'>;
    readonly store: Pick<Emulators['store'], 'createBucket'>;
    readonly keys: Pick<Emulators['keys'], 'ensure'>;
  },
): Promise<void> => {
  for (const { name } of model.buckets) await to.store.createBucket(name);
  for (const { id } of model.macKeys) await to.keys.ensure(id);
  for (const table of model.tables) await ensureTable(to.dynamodb, table);
  for (const queue of deadLettersFirst(model.queues)) {
    await to.queues.ensure(queue.name, queue.attributes);
  }
};

/** A redrive policy may only name an existing queue. */
const deadLettersFirst = (queues: readonly LocalQueue[]): LocalQueue[] =>
  [...queues].sort(
    (a, b) => Number('RedrivePolicy' in a.attributes) - Number('RedrivePolicy' in b.attributes),
  );

interface Shape {
  readonly KeySchema?: readonly object[] | undefined;
  readonly GlobalSecondaryIndexes?:
    | readonly {
        readonly IndexName?: string | undefined;
        readonly KeySchema?: readonly object[] | undefined;
        readonly Projection?:
          | { readonly NonKeyAttributes?: readonly string[] | undefined }
          | undefined;
      }[]
    | undefined;
}

const shapeOf = ({ KeySchema, GlobalSecondaryIndexes = [] }: Shape): string =>
  JSON.stringify([
    KeySchema,
    [...GlobalSecondaryIndexes]
      .map((index) => [
        index.IndexName,
        index.KeySchema,
        [...(index.Projection?.NonKeyAttributes ?? [])].sort(),
      ])
      .sort(),
  ]);

const ensureTable = async (client: DynamoDBClient, table: LocalTable): Promise<void> => {
  const { name, definition } = table;
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (Table && shapeOf(Table) !== shapeOf(definition)) {
      throw new Error(
        `The history in this data folder was made by another version of the stack, with other indexes. Choose another folder with --data-dir, or remove this one.`,
      );
    }
  } catch (error) {
    if ((error as Error).name !== 'ResourceNotFoundException') throw error;
    await createTable(client, definition);
  }
};
