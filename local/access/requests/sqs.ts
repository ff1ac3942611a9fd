import * as z from 'zod';
import {
  arnOf,
  jsonRefusal,
  NotMapped,
  operationOf,
  parseBody,
  type ServiceRequests,
} from './request.ts';

/**
 * SQS. A batch needs the permission of the single operation.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
 */
const ofQueue = z.looseObject({ QueueUrl: z.string() });
const named = z.looseObject({ QueueName: z.string() });

const ACTIONS: Readonly<Record<string, string>> = {
  ChangeMessageVisibility: 'ChangeMessageVisibility',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
  DeleteMessage: 'DeleteMessage',
  DeleteMessageBatch: 'DeleteMessage',
  GetQueueAttributes: 'GetQueueAttributes',
  PurgeQueue: 'PurgeQueue',
  ReceiveMessage: 'ReceiveMessage',
  SendMessage: 'SendMessage',
  SendMessageBatch: 'SendMessage',
  SetQueueAttributes: 'SetQueueAttributes',
};

export const sqsRequests: ServiceRequests = {
  needsBody: () => true,
  checksOf: (request) => {
    const operation = operationOf(request);
    if (operation === 'ListQueues') return [{ action: 'sqs:ListQueues', resource: '*' }];
    if (operation === 'GetQueueUrl') {
      const { QueueName } = parseBody(request, named);
      return [{ action: 'sqs:GetQueueUrl', resource: arnOf('sqs', QueueName) }];
    }
    const action = ACTIONS[operation];
    if (action === undefined) throw new NotMapped(`SQS's ${operation}`);
    const { QueueUrl } = parseBody(request, ofQueue);
    return [{ action: `sqs:${action}`, resource: arnOf('sqs', QueueUrl.split('/').at(-1) ?? '') }];
  },
  // SQS's clients used this name before its JSON protocol.
  refusal: (_, message) =>
    jsonRefusal(403, 'com.amazon.coral.service#AccessDeniedException', message, {
      'x-amzn-query-error': 'AccessDenied;Sender',
    }),
};
