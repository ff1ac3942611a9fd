import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { TIMES } from '../../core/contract.ts';
import { config, otherSource, restore, source } from './support/config.ts';
import { synthesis, within } from './support/stack.ts';

const two = synthesis(config({ sources: [source({ restore: restore() }), otherSource()] }));
const queues = two.ofType('AWS::SQS::Queue');
const FOURTEEN_DAYS = 14 * 24 * 3600;

/** Queues to which queues, functions, streams and schedules send what failed. */
const deadLetterQueues = (): Set<string> => {
  const targets = Object.values(two.resources).flatMap(({ Properties }) => [
    within(Properties, 'RedrivePolicy', 'deadLetterTargetArn'),
    within(Properties, 'DestinationConfig', 'OnFailure', 'Destination'),
    within(Properties, 'Target', 'DeadLetterConfig', 'Arn'),
  ]);
  return new Set(targets.filter((target) => target !== undefined).map(two.text));
};
const arnOf = (path: string) => `<${path}.Arn>`;

describe('every queue', () => {
  test.each(queues)('%s is encrypted and keeps its messages for 14 days', (_, { Properties }) => {
    expect(Properties).toMatchObject({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: FOURTEEN_DAYS,
    });
  });

  test.each(queues)('%s has a dead-letter queue or is one', (path, { Properties }) => {
    expect(Boolean(Properties.RedrivePolicy)).not.toBe(deadLetterQueues().has(arnOf(path)));
  });
});

test('FIFO queues have FIFO dead-letter queues, and high throughput for many projects', () => {
  const fifo = queues.filter(([, { Properties }]) => Properties.FifoQueue);
  expect(fifo.map(([path]) => path).sort()).toEqual([
    'Sources/archive/Exports/DeadLetters',
    'Sources/archive/Exports/Queue',
    'Sources/main/Exports/DeadLetters',
    'Sources/main/Exports/Queue',
    'Sources/main/Restores/Requests/DeadLetters',
    'Sources/main/Restores/Requests/Queue',
    'Verifications/Requests/DeadLetters',
    'Verifications/Requests/Queue',
  ]);
  for (const [, { Properties }] of fifo) {
    expect(Properties).toMatchObject({
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    expect(Properties).not.toHaveProperty('ContentBasedDeduplication');
  }
});

test('the row ends a backup long before the queue does, and a message lives longer than its function', () => {
  const { Properties } = two.at('Sources/main/Exports/Queue');
  expect(Properties.VisibilityTimeout).toBe(TIMES.exportsVisibilitySeconds);
  expect(Properties.RedrivePolicy).toMatchObject({ maxReceiveCount: TIMES.exportsMaxReceiveCount });
  expect(TIMES.exportsMaxReceiveCount).toBeGreaterThan(10 * TIMES.maxAttempts);
  for (const at of ['Sources/main/Restores/Requests/Queue', 'Verifications/Requests/Queue']) {
    const job = two.at(at).Properties;
    expect(job.VisibilityTimeout, at).toBe(TIMES.jobsVisibilitySeconds);
    expect(job.RedrivePolicy, at).toMatchObject({ maxReceiveCount: TIMES.jobsMaxReceiveCount });
  }
  expect(TIMES.jobsMaxReceiveCount).toBeGreaterThan(10 * TIMES.maxAttempts);
});

const mappings = two.ofType('AWS::Lambda::EventSourceMapping');
const mappingOf = (functionPath: string) =>
  mappings
    .filter(([, { Properties }]) => two.text(Properties.FunctionName) === `<${functionPath}>`)
    .map(([, { Properties }]) => Properties);

test('a queue hides a message for at least as long as its reader may run', () => {
  for (const [path, { Properties }] of mappings) {
    const queue = queues.find(([one]) => arnOf(one) === two.text(Properties.EventSourceArn));
    if (!queue) continue;
    const reader = two.text(Properties.FunctionName).slice(1, -1);
    const { Timeout } = two.at(reader).Properties;
    expect(Number(queue[1].Properties.VisibilityTimeout), path).toBeGreaterThanOrEqual(
      Number(Timeout),
    );
  }
});

test('every mapping reports the failures of single messages', () => {
  expect(mappings.length).toBeGreaterThan(0);
  for (const [path, { Properties }] of mappings) {
    expect(Properties.FunctionResponseTypes, path).toEqual(['ReportBatchItemFailures']);
  }
});

test('exports are received one by one, K at once', () => {
  const [mapping, ...others] = mappingOf('Sources/main/Export/Function');
  expect(others).toEqual([]);
  expect(mapping).toMatchObject({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 3 } });
  expect(two.text(mapping?.EventSourceArn)).toBe('<Sources/main/Exports/Queue.Arn>');
  expect(two.at('Sources/main/Export/Function').Properties).not.toHaveProperty(
    'ReservedConcurrentExecutions',
  );
});

test('K of 1 is the function’s own concurrency, which a mapping can’t express', () => {
  const single = synthesis(config({ export: { concurrency: 1 } }));
  expect(single.at('Sources/main/Export/Function').Properties).toMatchObject({
    ReservedConcurrentExecutions: 1,
  });
  const [mapping] = single
    .ofType('AWS::Lambda::EventSourceMapping')
    .filter(([path]) => path.includes('Export/'));
  expect(mapping?.[1].Properties).not.toHaveProperty('ScalingConfig');
  // An account may be too small for that, which only its operator knows.
  const noted = Annotations.fromStack(single.stack).findInfo(
    '*',
    Match.stringLikeRegexp('reserved'),
  );
  expect(noted.map(({ id }) => id)).toEqual(['/Larder/Sources/main/Default/Export']);
});

test('restores and verifications are received one by one, two at once', () => {
  for (const [reader, queue] of [
    ['Sources/main/Restores/Restore/Function', 'Sources/main/Restores/Requests/Queue'],
    ['Verifications/Verify/Function', 'Verifications/Requests/Queue'],
  ] as const) {
    const [mapping, ...others] = mappingOf(reader);
    expect(others).toEqual([]);
    expect(mapping).toMatchObject({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } });
    expect(two.text(mapping?.EventSourceArn)).toBe(arnOf(queue));
  }
});

test('a source that accepts no restores has neither queue nor function for them', () => {
  expect(Object.keys(two.outputs)).toContain('RestoresQueueMain');
  expect(Object.keys(two.outputs)).not.toContain('RestoresQueueArchive');
  expect(queues.filter(([path]) => path.startsWith('Sources/archive/Restores'))).toEqual([]);
});

test('no dead-letter queue is an event source, and bury is started every five minutes instead', () => {
  const sources = mappings.map(([, { Properties }]) => two.text(Properties.EventSourceArn));
  expect(sources.filter((arn) => deadLetterQueues().has(arn))).toEqual([]);
  const { Properties } = two.at('Schedules/DeadLetters');
  expect(Properties).toMatchObject({ ScheduleExpression: 'rate(5 minutes)' });
  expect(Properties).not.toHaveProperty('State', 'DISABLED');
  expect(two.text(within(Properties, 'Target', 'Arn'))).toBe('<Burial/Bury/Function.Arn>');
  const invoke = two
    .ofType('AWS::Lambda::EventInvokeConfig')
    .find(([path]) => path.startsWith('Burial/'));
  expect(invoke?.[1].Properties.MaximumRetryAttempts).toBe(0);
});

test('bury knows every dead-letter queue, and ends before a queue shows a letter again', () => {
  const parameters = two.ofType('AWS::SSM::Parameter').filter(([path]) => /^Burial/.test(path));
  const known = parameters.map(([, { Properties }]) => two.text(Properties.Value)).join();
  const dead = queues.filter(([path]) => deadLetterQueues().has(arnOf(path)));
  expect(dead).toHaveLength(9);
  const { Timeout } = two.at('Burial/Bury/Function').Properties;
  expect(Timeout).toBeLessThan(300);
  for (const [path, { Properties }] of dead) {
    expect(known).toContain(`<${path}>`);
    expect(Number(Properties.VisibilityTimeout), path).toBeGreaterThan(Number(Timeout));
  }
});

test('a planning that fails for good goes to its source’s dead-letter queue, after two more tries', () => {
  const configs = two
    .ofType('AWS::Lambda::EventInvokeConfig')
    .filter(([, { Properties }]) => two.text(Properties.FunctionName).includes('Plan'));
  expect(configs).toHaveLength(2);
  for (const [path, { Properties }] of configs) {
    const source = path.split('/')[1];
    expect(Properties.MaximumRetryAttempts).toBe(2);
    expect(two.text(within(Properties, 'DestinationConfig', 'OnFailure', 'Destination'))).toBe(
      `<Sources/${source}/PlanDeadLetters.Arn>`,
    );
  }
});

test('expire receives the completed backups that TTL removed, and none that a person deletes', () => {
  const [mapping] = mappingOf('Retention/Expire/Function');
  expect(mapping).toMatchObject({
    StartingPosition: 'TRIM_HORIZON',
    BisectBatchOnFunctionError: true,
    MaximumRetryAttempts: 100,
  });
  expect(two.text(mapping?.EventSourceArn)).toBe('<History/Table.StreamArn>');
  expect(within(mapping, 'FilterCriteria', 'Filters')).toHaveLength(1);
  const pattern = within(mapping, 'FilterCriteria', 'Filters', 0, 'Pattern');
  expect(JSON.parse(String(pattern))).toEqual({
    eventName: ['REMOVE'],
    userIdentity: { type: ['Service'], principalId: ['dynamodb.amazonaws.com'] },
    dynamodb: { OldImage: { kind: { S: ['backup'] }, status: { S: ['completed'] } } },
  });
});
