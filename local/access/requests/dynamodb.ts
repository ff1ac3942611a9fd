import * as z from 'zod';
import type { Given } from '../condition-keys.ts';
import {
  arnOf,
  type Check,
  type Facts,
  jsonRefusal,
  NotMapped,
  operationOf,
  parseBody,
  type ServiceRequests,
  type WireRequest,
} from './request.ts';

/**
 * DynamoDB. A transaction needs the permissions of its operations; a batch has its own action.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
const attributes = z.record(z.string(), z.record(z.string(), z.unknown()));

const item = z.looseObject({
  TableName: z.string(),
  IndexName: z.string().optional(),
  Key: attributes.optional(),
  Item: attributes.optional(),
  ProjectionExpression: z.string().optional(),
  KeyConditionExpression: z.string().optional(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: attributes.default({}),
  Select: z.string().optional(),
  ReturnValues: z.string().optional(),
  ReturnConsumedCapacity: z.string().optional(),
});
type Item = z.output<typeof item>;

const PARTS = {
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
} as const;
const transaction = z.object({
  TransactItems: z.array(z.partialRecord(z.enum(Object.keys(PARTS) as [keyof typeof PARTS]), item)),
});

const batchGet = z.object({
  RequestItems: z.record(z.string(), z.looseObject({ Keys: z.array(attributes) })),
});
const batchWrite = z.object({
  RequestItems: z.record(
    z.string(),
    z.array(
      z.object({
        PutRequest: z.object({ Item: attributes }).optional(),
        DeleteRequest: z.object({ Key: attributes }).optional(),
      }),
    ),
  ),
});

/** `{ S: 'a' }` as the value of a condition key. */
const textOfValue = (value: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  const [inner] = Object.values(value ?? {});
  return typeof inner === 'string' ? inner : undefined;
};

/** The value that a key condition requires of the partition key: `#pk = :pk AND …`. */
const queriedKey = (
  { KeyConditionExpression = '', ExpressionAttributeNames, ExpressionAttributeValues }: Item,
  partitionKey: string,
): string | undefined => {
  for (const [, name = '', value = ''] of KeyConditionExpression.matchAll(
    /(#?[\w.-]+)\s*=\s*(:\w+)/g,
  )) {
    if ((ExpressionAttributeNames[name] ?? name) === partitionKey)
      return textOfValue(ExpressionAttributeValues[value]);
  }
  return undefined;
};

const bareNames = (expression: string | undefined): readonly string[] =>
  (expression ?? '').split(',').flatMap((part) => /^\s*(\w+)/.exec(part)?.[1] ?? []);

const keysOf = (given: Item, facts: Facts): Readonly<Record<string, Given>> => {
  const partitionKey = facts.partitionKeyOf(given.TableName, given.IndexName) ?? '';
  const whole = given.Key ?? given.Item;
  const leading = whole ? textOfValue(whole[partitionKey]) : queriedKey(given, partitionKey);
  return {
    'dynamodb:LeadingKeys': leading === undefined ? [] : [leading],
    'dynamodb:Attributes': [
      ...Object.keys(whole ?? {}),
      ...Object.values(given.ExpressionAttributeNames),
      ...bareNames(given.ProjectionExpression),
    ],
    'dynamodb:Select':
      given.Select ?? (given.ProjectionExpression ? 'SPECIFIC_ATTRIBUTES' : 'ALL_ATTRIBUTES'),
    'dynamodb:ReturnValues': given.ReturnValues ?? 'NONE',
    'dynamodb:ReturnConsumedCapacity': given.ReturnConsumedCapacity,
  };
};

/** A query of an index needs permission for the index, not for its table. */
const arnOfTable = ({ TableName, IndexName }: Pick<Item, 'TableName' | 'IndexName'>): string => {
  const name = TableName.slice(TableName.lastIndexOf('/') + 1);
  return arnOf('dynamodb', `table/${name}${IndexName === undefined ? '' : `/index/${IndexName}`}`);
};

const ofBatch = (
  action: string,
  table: string,
  keys: readonly (Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined)[],
  facts: Facts,
): Check => {
  const partitionKey = facts.partitionKeyOf(table, undefined) ?? '';
  return {
    action: `dynamodb:${action}`,
    resource: arnOfTable({ TableName: table }),
    keys: {
      'dynamodb:LeadingKeys': keys.flatMap((key) => textOfValue(key?.[partitionKey]) ?? []),
      'dynamodb:Attributes': [...new Set(keys.flatMap((key) => Object.keys(key ?? {})))],
    },
  };
};

const ofTransaction = (request: WireRequest, facts: Facts): readonly Check[] =>
  parseBody(request, transaction).TransactItems.flatMap((parts) =>
    Object.entries(parts).map(([part, given]) => ({
      action: `dynamodb:${PARTS[part as keyof typeof PARTS]}`,
      resource: arnOfTable(given),
      keys: { ...keysOf(given, facts), 'dynamodb:EnclosingOperation': operationOf(request) },
    })),
  );

const checksOf = (request: WireRequest, facts: Facts): readonly Check[] => {
  const operation = operationOf(request);
  switch (operation) {
    case 'TransactGetItems':
    case 'TransactWriteItems':
      return ofTransaction(request, facts);
    case 'BatchGetItem':
      return Object.entries(parseBody(request, batchGet).RequestItems).map(([table, { Keys }]) =>
        ofBatch(operation, table, Keys, facts),
      );
    case 'BatchWriteItem':
      return Object.entries(parseBody(request, batchWrite).RequestItems).map(([table, writes]) => {
        const keys = writes.map(({ PutRequest, DeleteRequest }) =>
          PutRequest ? PutRequest.Item : DeleteRequest?.Key,
        );
        return ofBatch(operation, table, keys, facts);
      });
    case 'GetItem':
    case 'PutItem':
    case 'UpdateItem':
    case 'DeleteItem':
    case 'Query':
    case 'Scan': {
      const given = parseBody(request, item);
      const action = `dynamodb:${operation}`;
      return [{ action, resource: arnOfTable(given), keys: keysOf(given, facts) }];
    }
    case 'DescribeTable': {
      const given = parseBody(request, item);
      return [{ action: 'dynamodb:DescribeTable', resource: arnOfTable(given) }];
    }
    case 'ListTables':
      return [{ action: 'dynamodb:ListTables', resource: '*' }];
    default:
      throw new NotMapped(`DynamoDB's ${operation}`);
  }
};

export const dynamodbRequests: ServiceRequests = {
  needsBody: () => true,
  checksOf,
  refusal: (_, message) =>
    jsonRefusal(400, 'com.amazon.coral.service#AccessDeniedException', message),
};
