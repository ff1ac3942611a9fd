import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { makeRequestHandler } from '../request-handler.ts';

/** The client of the history table: optional members that are absent are left out of rows, not stored as null. */
export const makeTableClient = (
  client = new DynamoDBClient({ requestHandler: makeRequestHandler() }),
): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
