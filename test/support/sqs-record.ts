import type { SQSRecord } from 'aws-lambda';

/**
 * A message in the form in which Lambda gets it from a queue.
 * @param body a text is kept as it is, anything else becomes JSON
 */
export const sqsRecord = (body: unknown, given: Partial<SQSRecord> = {}): SQSRecord => ({
  messageId: 'message',
  receiptHandle: 'receipt',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 'sender',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:outcomes',
  awsRegion: 'eu-central-1',
  ...given,
});
