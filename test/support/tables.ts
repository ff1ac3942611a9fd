import { type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { DAY_PROJECTION, STATUS_PROJECTION, TABLE } from '../../core/contract.ts';
import { createTable, startTables as startEmulator } from '../../local/emulators/tables.ts';

/** The history table as the contract defines it. */
export const historyTable = (name: string): CreateTableCommandInput => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    TABLE.pk,
    TABLE.sk,
    TABLE.statusIndex.pk,
    TABLE.statusIndex.sk,
    TABLE.dayIndex.pk,
    TABLE.dayIndex.sk,
  ].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  KeySchema: [
    { AttributeName: TABLE.pk, KeyType: 'HASH' },
    { AttributeName: TABLE.sk, KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    { ...TABLE.statusIndex, carries: STATUS_PROJECTION },
    { ...TABLE.dayIndex, carries: DAY_PROJECTION },
  ].map((index) => ({
    IndexName: index.name,
    KeySchema: [
      { AttributeName: index.pk, KeyType: 'HASH' },
      { AttributeName: index.sk, KeyType: 'RANGE' },
    ],
    Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...index.carries] },
  })),
});

export interface Tables {
  /** For `AWS_ENDPOINT_URL_DYNAMODB` of a process under test. */
  readonly endpoint: string;
  readonly client: DynamoDBDocumentClient;
  /** Creates an empty history table and returns its name; one for each test keeps them apart. */
  newTable(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts DynamoDB's emulator in this process, in memory, on a free port of 127.0.0.1. */
export const startTables = async (): Promise<Tables> => {
  const { url: endpoint, close } = await startEmulator(undefined);
  const plain = new DynamoDBClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const client = makeTableClient(plain);
  let tables = 0;
  return {
    endpoint,
    client,
    newTable: async () => {
      tables += 1;
      const name = `history-${tables}`;
      await createTable(plain, historyTable(name));
      return name;
    },
    stop: async () => {
      client.destroy();
      plain.destroy();
      await close();
    },
  };
};
