import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Listening } from '../../local/emulators/loopback.ts';
import { createTable, startTables } from '../../local/emulators/tables.ts';
import type { Outcome } from '../../local/lambda/protocol.ts';
import { CREDENTIALS, REGION } from '../../local/region.ts';
import type { LocalTable, StreamMapping } from '../../local/template/model.ts';
import { type StreamRecord, startExpiry } from '../../local/triggers/expiry.ts';
import { passes } from '../../local/triggers/filters.ts';
import { checkFilters, makeStreamConsumer } from '../../local/triggers/stream.ts';

const NOW = Date.UTC(2026, 10, 21, 2);
const SECONDS = NOW / 1000;

const TABLE: LocalTable = {
  id: 'History',
  name: 'History',
  streamArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/History/stream/local',
  ttlAttribute: 'ttl',
  streamView: 'OLD_IMAGE',
  definition: {
    TableName: 'History',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  },
};

const MAPPING: StreamMapping = {
  kind: 'stream',
  id: 'Mapping',
  streamArn: TABLE.streamArn,
  functionName: 'Expire',
  batchSize: 10,
  retries: -1,
  reportsFailures: true,
  filters: [
    {
      eventName: ['REMOVE'],
      userIdentity: { type: ['Service'], principalId: ['dynamodb.amazonaws.com'] },
      dynamodb: { OldImage: { status: { S: ['completed'] } } },
    },
  ],
};

let folder: string;
let tables: Listening;
let client: DynamoDBClient;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'larder-tables-'));
  tables = await startTables(path.join(folder, 'tables'));
  client = new DynamoDBClient({ endpoint: tables.url, region: REGION, credentials: CREDENTIALS });
  await createTable(client, TABLE.definition);
});
afterEach(async () => {
  client.destroy();
  await tables.close();
  await rm(folder, { recursive: true });
});

const put = (sk: string, ttl?: number, status = 'completed') =>
  client.send(
    new PutItemCommand({
      TableName: TABLE.name,
      Item: {
        pk: { S: 'PROJECT#a' },
        sk: { S: sk },
        status: { S: status },
        ...(ttl === undefined ? {} : { ttl: { N: String(ttl) } }),
      },
    }),
  );
const isThere = async (sk: string): Promise<boolean> => {
  const Key = { pk: { S: 'PROJECT#a' }, sk: { S: sk } };
  return (await client.send(new GetItemCommand({ TableName: TABLE.name, Key }))).Item !== undefined;
};

/** Looks once, and stops. */
const sweep = async (deliver: (records: readonly StreamRecord[]) => Promise<void>) => {
  const problems: string[] = [];
  const expiry = startExpiry({
    client,
    table: TABLE,
    folder: path.join(folder, 'stream'),
    deliver,
    everyMs: 3_600_000,
    clock: () => NOW,
    onError: (problem) => problems.push(problem),
  });
  await expiry.stop();
  return problems;
};

describe('rows whose TTL has passed', () => {
  it('are removed, and the stream reports them with the old image, as removed by the service', async () => {
    await put('old', SECONDS - 1);
    await put('young', SECONDS + 60);
    await put('last good one');
    const records: StreamRecord[] = [];
    await sweep(async (delivered) => void records.push(...delivered));
    expect([await isThere('old'), await isThere('young'), await isThere('last good one')]).toEqual([
      false,
      true,
      true,
    ]);
    expect(records).toEqual([
      expect.objectContaining({
        eventName: 'REMOVE',
        eventSourceARN: TABLE.streamArn,
        userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
        dynamodb: expect.objectContaining({
          Keys: { pk: { S: 'PROJECT#a' }, sk: { S: 'old' } },
          OldImage: expect.objectContaining({
            status: { S: 'completed' },
            ttl: { N: String(SECONDS - 1) },
          }),
          StreamViewType: 'OLD_IMAGE',
        }),
      }),
    ]);
  });

  it('are reported again if the first time failed, even by the next start', async () => {
    await put('old', SECONDS - 1);
    const problems = await sweep(async () => {
      throw new Error('killed');
    });
    expect(problems).toEqual(['History: killed']);
    expect(await isThere('old')).toBe(false);
    const records: StreamRecord[] = [];
    await sweep(async (delivered) => void records.push(...delivered));
    expect(records).toHaveLength(1);
    expect(await readdir(path.join(folder, 'stream'))).toEqual([]);
  });
});

describe("the stream's mapping", () => {
  const record = async (status: string): Promise<StreamRecord> => {
    await put('one', SECONDS - 1, status);
    const records: StreamRecord[] = [];
    await sweep(async (delivered) => void records.push(...delivered));
    const [only] = records;
    if (!only) throw new Error('nothing was delivered');
    return only;
  };
  const consume = async (outcomes: Outcome[], mapping: StreamMapping, records: StreamRecord[]) => {
    const events: unknown[] = [];
    const buried: string[] = [];
    await makeStreamConsumer({
      mapping,
      functionArn: 'arn:function',
      invoke: async (event) => {
        events.push(event);
        return outcomes.shift() ?? { kind: 'ok', requestId: 'r', payload: null };
      },
      onFailure: async (arn, body) => void buried.push(arn, body),
      signal: new AbortController().signal,
    })(records);
    return { events, buried };
  };
  const failed: Outcome = {
    kind: 'failed',
    requestId: 'r',
    failure: { errorType: 'T', errorMessage: 'm' },
  };

  it('passes to the function the records that its filters accept, and nothing else', async () => {
    expect((await consume([], MAPPING, [await record('completed')])).events).toHaveLength(1);
    expect((await consume([], MAPPING, [await record('failed')])).events).toHaveLength(0);
  });

  it('tries again, and finally reports where the records were, not their content', async () => {
    const one = await record('completed');
    const reported: Outcome = {
      kind: 'ok',
      requestId: 'r',
      payload: { batchItemFailures: [{ itemIdentifier: one.dynamodb.SequenceNumber }] },
    };
    const mapping = { ...MAPPING, retries: 1, onFailure: 'arn:dead' };
    const { events, buried } = await consume([reported, failed], mapping, [one]);
    expect(events).toHaveLength(2);
    expect(buried[0]).toBe('arn:dead');
    expect(JSON.parse(buried[1] ?? '')).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      DDBStreamBatchInfo: {
        startSequenceNumber: one.dynamodb.SequenceNumber,
        batchSize: 1,
        streamArn: TABLE.streamArn,
      },
    });
    expect(buried[1]).not.toContain('completed');
  });

  it('is refused if it wants records that the local stream does not have', () => {
    expect(() => checkFilters(MAPPING)).not.toThrow();
    expect(() => checkFilters({ ...MAPPING, filters: [] })).toThrow('records of INSERT');
    expect(() => checkFilters({ ...MAPPING, filters: [{ eventName: ['REMOVE'] }] })).toThrow(
      'REMOVE',
    );
  });
});

describe('event filters', () => {
  it.each([
    [{ a: ['x', 'y'] }, { a: 'y' }, true],
    [{ a: ['x'] }, { a: 'z' }, false],
    [{ a: ['x'], b: ['y'] }, { a: 'x' }, false],
    [{ a: [null] }, {}, true],
    [{ a: [{ exists: true }] }, {}, false],
    [{ a: [{ exists: false }] }, {}, true],
    [{ a: [{ prefix: 'ab' }] }, { a: 'abc' }, true],
    [{ a: [{ 'anything-but': ['x'] }] }, { a: 'x' }, false],
    [{ a: ['x'] }, { a: ['w', 'x'] }, true],
  ])('%j on %j is %s', (pattern, event, expected) => {
    expect(passes([pattern], event)).toBe(expected);
  });

  it('ignores no rule silently', () => {
    expect(() => passes([{ a: [{ numeric: ['>', 1] }] }], { a: 2 })).toThrow('numeric');
  });
});
