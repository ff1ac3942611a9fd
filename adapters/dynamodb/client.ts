import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { makeRequestHandler } from '../request-handler.ts';

/** The client of the history table: it leaves absent optional members out of rows and does not store them as null. */
export const makeTableClient = (
  client = new DynamoDBClient({ requestHandler: makeRequestHandler() }),
): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
