import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GenerateMacCommand, VerifyMacCommand } from '@aws-sdk/client-kms';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { SendEmailCommand } from '@aws-sdk/client-ses';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { GetParametersCommand } from '@aws-sdk/client-ssm';
import { ACCOUNT } from '../../../local/region.ts';
import { may, of, parameter, QUEUE, SECRET, TABLE } from './enforced.ts';
import type { Cases } from './s3-cases.ts';

/** The emulator goes by the name alone. */
const url = `http://127.0.0.1/${ACCOUNT}/Jobs`;
const row = (pk: string) => ({ pk: { S: pk }, sk: { S: 'BACKUP' } });
const leading = (...values: string[]) => ({
  'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': values },
  Null: { 'dynamodb:LeadingKeys': false },
});
const mac = { KeyId: 'Signing', MacAlgorithm: 'HMAC_SHA_256' as const, Message: Buffer.from('m') };
const mail = (more: object = {}) => ({
  Source: 'Larder <backups@example.com>',
  Destination: { ToAddresses: ['ann@example.org'] },
  Message: { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } },
  ...more,
});
const FROM = { StringEquals: { 'ses:FromAddress': 'backups@example.com' } };
const identity = (name: string, condition?: object) =>
  may('ses:SendEmail', of('ses', `identity/${name}`), condition);

const FIRES = 'arn:aws:iam::000000000000:role/Fires';
const SCHEDULE_ARN = of('scheduler', 'schedule/Group/all-nightly');
const SCHEDULE = {
  GroupName: 'Group',
  Name: 'all-nightly',
  ScheduleExpression: 'rate(1 day)',
  FlexibleTimeWindow: { Mode: 'OFF' as const },
  Target: { Arn: of('lambda', 'function:Other'), RoleArn: FIRES },
};

export const SERVICE_CASES: Cases = {
  'SQS SendMessage': [
    ({ sqs }) => sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'm' })),
    [may('sqs:SendMessage', QUEUE)],
  ],
  'SQS SendMessageBatch': [
    ({ sqs }) =>
      sqs.send(
        new SendMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: '1', MessageBody: 'm' }] }),
      ),
    [may('sqs:SendMessage', QUEUE)],
  ],
  'SQS ReceiveMessage': [
    ({ sqs }) => sqs.send(new ReceiveMessageCommand({ QueueUrl: url })),
    [may('sqs:ReceiveMessage', QUEUE)],
  ],
  'SQS DeleteMessageBatch': [
    ({ sqs }) =>
      sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: url,
          Entries: [{ Id: '1', ReceiptHandle: 'r' }],
        }),
      ),
    [may('sqs:DeleteMessage', QUEUE)],
  ],
  'SQS ChangeMessageVisibility': [
    ({ sqs }) =>
      sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url,
          ReceiptHandle: 'r',
          VisibilityTimeout: 1,
        }),
      ),
    [may('sqs:ChangeMessageVisibility', QUEUE)],
  ],
  'SQS GetQueueAttributes': [
    ({ sqs }) => sqs.send(new GetQueueAttributesCommand({ QueueUrl: url })),
    [may('sqs:GetQueueAttributes', QUEUE)],
  ],
  'DynamoDB GetItem': [
    ({ dynamodb }) => dynamodb.send(new GetItemCommand({ TableName: 'Rows', Key: row('a') })),
    [may('dynamodb:GetItem', TABLE, leading('a'))],
  ],
  'DynamoDB PutItem': [
    ({ dynamodb }) => dynamodb.send(new PutItemCommand({ TableName: 'Rows', Item: row('a') })),
    [may('dynamodb:PutItem', TABLE, leading('a'))],
  ],
  'DynamoDB UpdateItem': [
    ({ dynamodb }) =>
      dynamodb.send(
        new UpdateItemCommand({
          TableName: 'Rows',
          Key: row('a'),
          UpdateExpression: 'SET #s = :s',
          ExpressionAttributeNames: { '#s': 'status' },
          ExpressionAttributeValues: { ':s': { S: 'x' } },
        }),
      ),
    [
      may('dynamodb:UpdateItem', TABLE, {
        'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'status'] },
      }),
    ],
  ],
  'DynamoDB Query': [
    ({ dynamodb }) =>
      dynamodb.send(
        new QueryCommand({
          TableName: 'Rows',
          KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :sk)',
          ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
          ExpressionAttributeValues: { ':pk': { S: 'a' }, ':sk': { S: 'B' } },
        }),
      ),
    [may('dynamodb:Query', TABLE, leading('a'))],
  ],
  'DynamoDB Query of an index': [
    ({ dynamodb }) =>
      dynamodb.send(
        new QueryCommand({
          TableName: 'Rows',
          IndexName: 'by-status',
          KeyConditionExpression: '#s = :s',
          ExpressionAttributeNames: { '#s': 'status' },
          ExpressionAttributeValues: { ':s': { S: 'failed' } },
        }),
      ),
    [may('dynamodb:Query', `${TABLE}/index/by-status`, leading('failed'))],
  ],
  'DynamoDB Scan': [
    ({ dynamodb }) => dynamodb.send(new ScanCommand({ TableName: 'Rows' })),
    [may('dynamodb:Scan', TABLE)],
  ],
  'DynamoDB BatchGetItem': [
    ({ dynamodb }) =>
      dynamodb.send(
        new BatchGetItemCommand({ RequestItems: { Rows: { Keys: [row('a'), row('b')] } } }),
      ),
    [may('dynamodb:BatchGetItem', TABLE, leading('a', 'b'))],
  ],
  'DynamoDB BatchWriteItem': [
    ({ dynamodb }) =>
      dynamodb.send(
        new BatchWriteItemCommand({
          RequestItems: {
            Rows: [{ PutRequest: { Item: row('a') } }, { DeleteRequest: { Key: row('b') } }],
          },
        }),
      ),
    [may('dynamodb:BatchWriteItem', TABLE, leading('a', 'b'))],
  ],
  'DynamoDB TransactWriteItems': [
    ({ dynamodb }) =>
      dynamodb.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: 'Rows', Item: row('a') } },
            { Delete: { TableName: 'Rows', Key: row('b') } },
            {
              ConditionCheck: {
                TableName: 'Rows',
                Key: row('c'),
                ConditionExpression: 'attribute_not_exists(pk)',
              },
            },
          ],
        }),
      ),
    [
      may('dynamodb:PutItem', TABLE, {
        StringEquals: { 'dynamodb:EnclosingOperation': 'TransactWriteItems' },
      }),
      may('dynamodb:DeleteItem', TABLE, leading('b')),
      may('dynamodb:ConditionCheckItem', TABLE, leading('c')),
    ],
  ],
  'KMS GenerateMac': [
    ({ kms }) => kms.send(new GenerateMacCommand(mac)),
    [may('kms:GenerateMac', of('kms', 'key/Signing'))],
  ],
  'KMS VerifyMac': [
    ({ kms }) => kms.send(new VerifyMacCommand({ ...mac, Mac: Buffer.from('none') })),
    [
      may('kms:VerifyMac', of('kms', 'key/Signing'), {
        StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' },
      }),
    ],
  ],
  'Secrets Manager GetSecretValue': [
    ({ secrets: client }) => client.send(new GetSecretValueCommand({ SecretId: SECRET })),
    [may('secretsmanager:GetSecretValue', SECRET)],
  ],
  'Systems Manager GetParameters': [
    ({ ssm }) => ssm.send(new GetParametersCommand({ Names: ['Routes0', 'Routes1'] })),
    [may('ssm:GetParameters', parameter(0)), may('ssm:GetParameters', parameter(1))],
  ],
  'Lambda Invoke': [
    ({ lambda }) =>
      lambda.send(new InvokeCommand({ FunctionName: of('lambda', 'function:Other') })),
    [may('lambda:InvokeFunction', of('lambda', 'function:Other'))],
  ],
  'EventBridge Scheduler CreateSchedule, with a role': [
    ({ scheduler }) => scheduler.send(new CreateScheduleCommand(SCHEDULE)),
    [
      may('scheduler:CreateSchedule', SCHEDULE_ARN),
      may('iam:PassRole', FIRES, {
        StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
      }),
    ],
  ],
  'EventBridge Scheduler UpdateSchedule, with a role': [
    ({ scheduler }) => scheduler.send(new UpdateScheduleCommand(SCHEDULE)),
    [may('scheduler:UpdateSchedule', SCHEDULE_ARN), may('iam:PassRole', FIRES)],
  ],
  'EventBridge Scheduler GetSchedule': [
    ({ scheduler }) =>
      scheduler.send(new GetScheduleCommand({ GroupName: 'Group', Name: 'all-nightly' })),
    [may('scheduler:GetSchedule', SCHEDULE_ARN)],
  ],
  'EventBridge Scheduler DeleteSchedule': [
    ({ scheduler }) =>
      scheduler.send(new DeleteScheduleCommand({ GroupName: 'Group', Name: 'all-nightly' })),
    [may('scheduler:DeleteSchedule', SCHEDULE_ARN)],
  ],
  'EventBridge Scheduler ListSchedules': [
    ({ scheduler }) => scheduler.send(new ListSchedulesCommand({ GroupName: 'Group' })),
    [may('scheduler:ListSchedules', '*')],
  ],
  'SES SendEmail, whatever is verified in the account': [
    ({ ses }) => ses.send(new SendEmailCommand(mail())),
    [
      identity('backups@example.com', FROM),
      identity('example.com', FROM),
      identity('ann@example.org', FROM),
    ],
  ],
  'SES SendEmail with a configuration set': [
    ({ ses }) => ses.send(new SendEmailCommand(mail({ ConfigurationSetName: 'larder' }))),
    [identity('*', FROM), may('ses:SendEmail', of('ses', 'configuration-set/larder'))],
  ],
};
