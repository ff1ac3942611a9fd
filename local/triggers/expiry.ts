import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { waited } from '../lambda/asynchronous.ts';
import { REGION } from '../region.ts';
import type { LocalTable } from '../template/model.ts';

/**
 * DynamoDB's TTL, which dynalite lacks: rows whose time has passed are deleted, and the table's stream delivers the old
 * image, marked as removed by the service. A record is written to disk before its row is deleted, and stays there until
 * it is delivered, so a start that dies in between loses none, as with a real stream.
 */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly eventSourceARN: string;
  readonly userIdentity: {
    readonly type: 'Service';
    readonly principalId: 'dynamodb.amazonaws.com';
  };
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Record<string, AttributeValue>;
    readonly OldImage: Record<string, AttributeValue>;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
}

export interface ExpiryOptions {
  readonly client: DynamoDBClient;
  readonly table: LocalTable;
  /** Folder of records that wait for their delivery. */
  readonly folder: string;
  /** Resolves after every consumer has handled the records or given them up. */
  readonly deliver: (records: readonly StreamRecord[]) => Promise<void>;
  readonly everyMs: number;
  readonly clock: () => number;
  readonly onError: (problem: string) => void;
}

export interface Expiry {
  /** Checks once, now. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

type Row = Record<string, AttributeValue>;

export const startExpiry = (options: ExpiryOptions): Expiry => {
  const { client, table, folder } = options;
  const { ttlAttribute = '', name: TableName } = table;
  const stopped = new AbortController();
  const names = { '#ttl': ttlAttribute };
  const now = () => ({ ':now': { N: String(Math.floor(options.clock() / 1000)) } });

  const expired = async (): Promise<readonly Row[]> => {
    const rows: Row[] = [];
    const scan = {
      TableName,
      FilterExpression: '#ttl < :now',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: now(),
    };
    for await (const page of paginateScan({ client }, scan)) rows.push(...(page.Items ?? []));
    return rows;
  };

  const remove = async (row: Row): Promise<void> => {
    const record = recordOf(table, row, options.clock());
    const file = path.join(folder, `${record.dynamodb.SequenceNumber}.json`);
    const waiting = `${file}.new`;
    await writeFile(waiting, JSON.stringify(record));
    try {
      // Deletes it only if it is still expired: a row renewed in the meantime stays.
      await client.send(
        new DeleteItemCommand({
          TableName,
          Key: record.dynamodb.Keys,
          ConditionExpression: '#ttl < :now',
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: now(),
        }),
      );
    } catch (error) {
      await rm(waiting);
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
      return;
    }
    await rename(waiting, file);
  };

  const deliverAll = async (): Promise<void> => {
    for (const file of (await readdir(folder)).filter((one) => one.endsWith('.json')).sort()) {
      const text = await readFile(path.join(folder, file), 'utf8');
      await options.deliver([JSON.parse(text) as StreamRecord]);
      await rm(path.join(folder, file));
    }
  };

  const sweep = async (): Promise<void> => {
    await mkdir(folder, { recursive: true });
    await settleWaiting();
    for (const row of await expired()) await remove(row);
    await deliverAll();
  };

  /** A record without its `.json`: its row may or may not be deleted yet. Deleting it again resolves that. */
  const settleWaiting = async (): Promise<void> => {
    for (const file of (await readdir(folder)).filter((one) => one.endsWith('.new'))) {
      const whole = path.join(folder, file);
      const text = await readFile(whole, 'utf8');
      if (text === '') await rm(whole);
      else await rename(whole, whole.replace(/\.new$/, ''));
    }
  };

  const loop = async (): Promise<void> => {
    do {
      await sweep().catch((error: Error) => {
        if (error.name !== 'AbortError') options.onError(`${table.id}: ${error.message}`);
      });
    } while (await waited(options.everyMs, stopped.signal));
  };
  const running = ttlAttribute === '' ? Promise.resolve() : loop();

  return {
    sweep,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
};

let sequence = 0;

/** Sequence numbers increase, within a start and from one start to the next. */
const recordOf = (
  { definition, streamArn, streamView }: LocalTable,
  row: Row,
  now: number,
): StreamRecord => {
  sequence += 1;
  const keys = (definition.KeySchema ?? []).flatMap(({ AttributeName = '' }) => {
    const value = row[AttributeName];
    return value === undefined ? [] : [[AttributeName, value] as const];
  });
  return {
    eventID: randomUUID().replaceAll('-', ''),
    eventName: 'REMOVE',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: REGION,
    eventSourceARN: streamArn,
    userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(now / 1000),
      Keys: Object.fromEntries(keys),
      OldImage: row,
      SequenceNumber: `${String(now).padStart(15, '0')}${String(sequence).padStart(9, '0')}`,
      SizeBytes: Buffer.byteLength(JSON.stringify(row)),
      StreamViewType: streamView ?? 'NEW_AND_OLD_IMAGES',
    },
  };
};
