import { setImmediate as turn } from 'node:timers/promises';
import { BatchWriteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { createTable, startTables } from '../../local/emulators/tables.ts';

const TableName = 'Rows';

it('is closed after it has answered what it was asked, even if the callers have gone', async () => {
  const tables = await startTables(undefined);
  const client = new DynamoDBClient({
    endpoint: tables.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  await createTable(client, {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  });
  for (let batch = 0; batch < 40; batch += 1) {
    const rows = Array.from({ length: 25 }, (_, row) => ({ pk: { S: `${batch}-${row}` } }));
    const wanted = rows.map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: wanted } }));
  }
  // An error of the emulator has no handler: it would end this process.
  const failures: unknown[] = [];
  const note = (error: unknown) => void failures.push(error);
  process.on('uncaughtException', note);
  const gone = new AbortController();
  const scans = Array.from({ length: 8 }, () =>
    client.send(new ScanCommand({ TableName }), { abortSignal: gone.signal }).catch(() => 'gone'),
  );
  for (let turns = 0; turns < 20; turns += 1) await turn();
  gone.abort();
  await tables.close();
  await Promise.all(scans);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  process.off('uncaughtException', note);
  client.destroy();
  expect(failures).toEqual([]);
});
