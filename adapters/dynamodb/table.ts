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
 * How the history table is read and written. Expressions name every attribute as `#attribute`, whether
 * DynamoDB reserves the word or not (it reserves over 500, `status`, `name`, `source`, `size` and `error`
 * among them); the names are collected from the expressions, so that none can be forgotten.
 *
 * Throttling and server errors are retried by the SDK and then thrown. Only a condition that does not hold is
 * an answer, not an error.
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

/** Writes a whole row if the condition holds (by default: if there is none); answers whether it did. */
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
  /** Members that are undefined are left as they are. */
  readonly set?: Row;
  /** Attributes that take another attribute's value, as it is at the moment of the write. */
  readonly copy?: Readonly<Record<string, string>>;
  readonly increment?: string;
  readonly remove?: readonly string[];
  /** Members to take out of sets; those not in them are no error. */
  readonly takeOut?: Row;
  /** Must hold. An update of a row that is not there would create it, so a condition is demanded. */
  readonly when: string;
  readonly values?: Row;
}

/** One conditional update: the row as it is afterwards, or undefined where the condition does not hold. */
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
  /** Without one the table itself is read, strongly consistent. */
  readonly index?: string;
  readonly where: string;
  readonly values: Row;
  readonly filter?: string;
  /** Attributes to fetch; absent means all there are. */
  readonly only?: readonly string[];
  readonly newestFirst?: boolean;
  /** Rows read, not rows given, for the first page; later ones are as large as DynamoDB makes them (1 MB). */
  readonly firstPage?: number;
  /** Begins behind this row, which need not be there any more. */
  readonly after?: Row;
}

/** Reads rows of one partition in the order of their sort key, page after page, as far as they are asked for. */
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

/** Everything a reading gives. */
export const allRows = async (access: HistoryTable, reading: Reading): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const row of queryRows(access, reading)) rows.push(row);
  return rows;
};

/** Numbers of the partitions that the indexes are spread over. */
export const SHARDS: readonly number[] = Array.from({ length: TABLE.shards }, (_, shard) => shard);
