import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { TABLE } from '../../core/contract.ts';
import type { Clock } from '../../core/ports.ts';

/**
 * How the history table is read and written. Expressions name every attribute as `#attribute`, even if DynamoDB
 * does not reserve the word (it reserves over 500, among them `status`, `name`, `source`, `size` and `error`). The
 * names are collected from the expressions, so none can be forgotten.
 *
 * The SDK retries throttling and server errors; after that they are thrown. A condition that does not hold is an
 * answer, not an error.
 */
export interface HistoryTable {
  readonly table: string;
  readonly client: DynamoDBDocumentClient;
  readonly clock: Clock;
}

export type Row = Readonly<Record<string, unknown>>;
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

const namesIn = (...expressions: readonly (string | undefined)[]): Record<string, string> =>
  Object.fromEntries(
    expressions
      .flatMap((expression) => expression?.match(/#\w+/g) ?? [])
      .map((alias) => [alias, alias.slice(1)]),
  );

const unlessRefused = async <T>(write: Promise<T>): Promise<T | undefined> => {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
};

export const getRow = async (access: HistoryTable, key: Key): Promise<Row | undefined> => {
  const answer = await access.client.send(
    new GetCommand({ TableName: access.table, Key: { ...key }, ConsistentRead: true }),
  );
  return answer.Item;
};

/** Writes a whole row if the condition holds (by default: if the row does not exist); returns whether it did. */
export const putRow = async (
  access: HistoryTable,
  row: Row & Key,
  when: { readonly condition: string; readonly values?: Row } = {
    condition: `attribute_not_exists(#${TABLE.pk})`,
  },
): Promise<boolean> => {
  const written = await unlessRefused(
    access.client.send(
      new PutCommand({
        TableName: access.table,
        Item: row,
        ConditionExpression: when.condition,
        ExpressionAttributeNames: namesIn(when.condition),
        ...(when.values && { ExpressionAttributeValues: when.values }),
      }),
    ),
  );
  return written !== undefined;
};

export interface Change {
  /** Undefined members are not changed. */
  readonly set?: Row;
  /** Attributes that get the value of another attribute at the moment of the write. */
  readonly copy?: Readonly<Record<string, string>>;
  readonly increment?: string;
  readonly remove?: readonly string[];
  /** Members to remove from sets; a member that is not in its set is no error. */
  readonly takeOut?: Row;
  /** Must hold. Required because an update of a missing row would create it. */
  readonly when: string;
  readonly values?: Row;
}

/** One conditional update: returns the row after it, or undefined if the condition does not hold. */
export const changeRow = async (
  access: HistoryTable,
  key: Key,
  change: Change,
): Promise<Row | undefined> => {
  const set = Object.entries(change.set ?? {}).filter(([, value]) => value !== undefined);
  const assignments = [
    ...set.map(([attribute]) => `#${attribute} = :to_${attribute}`),
    ...Object.entries(change.copy ?? {}).map(([to, from]) => `#${to} = #${from}`),
    ...(change.increment ? [`#${change.increment} = #${change.increment} + :one`] : []),
  ];
  const removals = (change.remove ?? []).map((attribute) => `#${attribute}`);
  const takeOut = Object.entries(change.takeOut ?? {});
  const deletions = takeOut.map(([attribute]) => `#${attribute} :out_${attribute}`);
  const update = [
    assignments.length ? `SET ${assignments.join(', ')}` : '',
    removals.length ? `REMOVE ${removals.join(', ')}` : '',
    deletions.length ? `DELETE ${deletions.join(', ')}` : '',
  ].join(' ');
  const values = {
    ...change.values,
    ...Object.fromEntries(set.map(([attribute, value]) => [`:to_${attribute}`, value])),
    ...Object.fromEntries(takeOut.map(([attribute, members]) => [`:out_${attribute}`, members])),
    ...(change.increment && { ':one': 1 }),
  };
  const answer = await unlessRefused(
    access.client.send(
      new UpdateCommand({
        TableName: access.table,
        Key: { ...key },
        UpdateExpression: update,
        ConditionExpression: change.when,
        ExpressionAttributeNames: namesIn(update, change.when),
        ...(Object.keys(values).length && { ExpressionAttributeValues: values }),
        ReturnValues: 'ALL_NEW',
      }),
    ),
  );
  return answer && (answer.Attributes ?? {});
};

export interface Reading {
  /** If absent, the table itself is read, strongly consistent. */
  readonly index?: string;
  readonly where: string;
  readonly values: Row;
  readonly filter?: string;
  /** Attributes to fetch; absent: all. */
  readonly only?: readonly string[];
  readonly newestFirst?: boolean;
  /** Rows read, not rows returned, for the first page; later pages are as large as DynamoDB makes them (1 MB). */
  readonly firstPage?: number;
  /** Starts after this row, which may be gone already. */
  readonly after?: Row;
}

/** Reads rows of one partition in the order of their sort key, page by page, only as far as the caller asks. */
export async function* queryRows(access: HistoryTable, reading: Reading): AsyncGenerator<Row> {
  let after: Row | undefined = reading.after;
  let limit = reading.firstPage;
  const only = reading.only?.map((attribute) => `#${attribute}`).join(', ');
  do {
    const page = await access.client.send(
      new QueryCommand({
        TableName: access.table,
        ...(reading.index ? { IndexName: reading.index } : { ConsistentRead: true }),
        KeyConditionExpression: reading.where,
        ...(reading.filter && { FilterExpression: reading.filter }),
        ...(only && { ProjectionExpression: only }),
        ExpressionAttributeNames: namesIn(reading.where, reading.filter, only),
        ExpressionAttributeValues: reading.values,
        ScanIndexForward: !reading.newestFirst,
        ...(limit && { Limit: limit }),
        ...(after && { ExclusiveStartKey: after }),
      }),
    );
    yield* page.Items ?? [];
    after = page.LastEvaluatedKey;
    limit = undefined;
  } while (after);
}

/** All rows of a query. */
export const allRows = async (access: HistoryTable, reading: Reading): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const row of queryRows(access, reading)) rows.push(row);
  return rows;
};

/** Numbers of the partitions that the indexes are spread over. */
export const SHARDS: readonly number[] = Array.from({ length: TABLE.shards }, (_, shard) => shard);
