import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { METRICS } from '../../core/contract.ts';
import { config, otherSource, restore, source } from './support/config.ts';
import { synthesis, within } from './support/stack.ts';

const RUNBOOK = path.resolve(import.meta.dirname, '..', '..', 'docs', 'runbook.md');
const two = synthesis(
  config({
    sources: [source({ restore: restore() }), otherSource({ restore: restore() })],
    export: { engine: 'larder' },
  }),
);
const alarms = two.ofType('AWS::CloudWatch::Alarm');
const nameOf = (alarmPath: string) => path.basename(alarmPath);

test('every alarm has a section in the runbook, and every section an alarm', () => {
  const paragraphs = readFileSync(RUNBOOK, 'utf8').split(/^## /m).slice(1);
  const headings = paragraphs.map((paragraph) => paragraph.split('\n')[0]);
  expect(headings.toSorted()).toEqual([...new Set(alarms.map(([at]) => nameOf(at)))].sort());
  for (const paragraph of paragraphs) expect(paragraph.length, paragraph).toBeGreaterThan(200);
});

test('every metric of Larder’s own is explained in the runbook', () => {
  const runbook = readFileSync(RUNBOOK, 'utf8');
  const { namespace: _, functionDimension: __, ...names } = METRICS;
  const rows = runbook.split('\n').filter((line) => line.startsWith('| `'));
  const explained = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)]);
  expect(explained.map(([, name]) => name).sort()).toEqual(Object.values(names).sort());
});

test('the description of every alarm links to its section', () => {
  for (const [at, { Properties }] of alarms) {
    expect(Properties.AlarmDescription, at).toMatch(
      new RegExp(`docs/runbook\\.md#${nameOf(at).toLowerCase()}$`),
    );
  }
});

test('every dead-letter queue has an alarm, which counts messages that bury receives and messages that nothing receives', () => {
  const queues = two
    .ofType('AWS::SQS::Queue')
    .filter(([at]) => at.endsWith('DeadLetters'))
    .map(([at]) => `<${at}.QueueName>`);
  expect(queues).toHaveLength(10);
  const watched = alarms.flatMap(([, { Properties }]) => {
    const metrics = Properties.Metrics;
    const parts: unknown[] = Array.isArray(metrics) ? metrics : [];
    const names = parts.map((part) => within(part, 'MetricStat', 'Metric', 'MetricName'));
    const queue = within(parts[1], 'MetricStat', 'Metric', 'Dimensions', 0, 'Value');
    return names.includes('NumberOfMessagesReceived') &&
      names.includes('ApproximateNumberOfMessagesVisible')
      ? [two.text(queue)]
      : [];
  });
  expect(watched.sort()).toEqual(queues.sort());
});

test('an alarm rings when a function dies that no caller waits for, or whose caller cannot tell its death from an answer', () => {
  const watched = alarms.flatMap(([, { Properties }]) =>
    Properties.MetricName === 'Errors'
      ? [two.text(within(Properties, 'Dimensions', 0, 'Value'))]
      : [],
  );
  expect(watched).toEqual(
    expect.arrayContaining([
      '<Sources/main/Discover/Function>',
      '<Sources/archive/Discover/Function>',
      '<Sources/main/Export/Function>',
      '<Sources/main/Restores/Restore/Function>',
      '<Sources/archive/Restores/Restore/Function>',
      '<Verifications/Verify/Function>',
      '<Sweeping/Sweep/Function>',
      '<Burial/Bury/Function>',
    ]),
  );
});

test.each([
  ['a nightly run may take the whole night and day', [{ expression: 'cron(0 1 * * ? *)' }], 24],
  [
    'the rarest schedules do not hide a queue that stands still',
    [{ expression: 'cron(0 1 1 * ? *)' }],
    168,
  ],
  [
    'of several schedules the shortest interval counts, if it is enabled and of this source',
    [
      { expression: 'cron(0 1 ? * SUN *)' },
      { expression: 'rate(6 hours)' },
      { expression: 'rate(3 hours)', enabled: false },
      { expression: 'rate(4 hours)', sources: ['archive'] },
    ],
    6,
  ],
  ['retries alone do not ring', [{ expression: 'rate(10 minutes)' }], 2],
  ['without schedules, people who asked wait half a day', [], 12],
])('an alarm rings if requests wait until the next run begins: %s', (_, schedules, hours) => {
  const named = schedules.map((schedule, index) => ({ name: `schedule-${index}`, ...schedule }));
  const made = synthesis(config({ sources: [source(), otherSource()], schedules: named }));
  const { Properties } = made.at('Sources/main/Alarms/ExportsWaiting');
  expect(Properties).toMatchObject({
    MetricName: 'ApproximateAgeOfOldestMessage',
    Threshold: hours * 3600,
  });
});

test('an alarm rings within the hour for a queue from which nothing is received, and not for a slow one', () => {
  const { Metrics } = two.at('Sources/main/Alarms/ExportsStuck').Properties;
  const parts: unknown[] = Array.isArray(Metrics) ? Metrics : [];
  expect(within(parts[0], 'Expression')).toBe(
    'IF(waiting > 0 AND FILL(done, 0) + FILL(hidden, 0) < 1, 1, 0)',
  );
  expect(
    parts
      .slice(1)
      .map((part) => [
        within(part, 'Id'),
        within(part, 'MetricStat', 'Metric', 'MetricName'),
        within(part, 'MetricStat', 'Stat'),
        within(part, 'MetricStat', 'Period'),
        two.text(within(part, 'MetricStat', 'Metric', 'Dimensions', 0, 'Value')),
      ]),
  ).toEqual(
    [
      ['waiting', 'ApproximateNumberOfMessagesVisible', 'Minimum'],
      ['hidden', 'ApproximateNumberOfMessagesNotVisible', 'Maximum'],
      ['done', 'NumberOfMessagesDeleted', 'Sum'],
    ].map((one) => [...one, 3600, '<Sources/main/Exports/Queue.QueueName>']),
  );
});

test('an alarm rings if sweep does not run, although it then counts nothing', () => {
  const { Properties } = two.at('Alarms/SweepSilent');
  expect(Properties).toMatchObject({
    MetricName: 'Invocations',
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
    Period: 1800,
  });
});

test('the alarm of a missing run rings as long as it is missing: each period has counts of more than one sweep', () => {
  const { Properties } = two.at('Alarms/RunsMissing');
  expect(Properties).toMatchObject({
    MetricName: 'RunsMissing',
    Statistic: 'Maximum',
    Period: 900,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    // If no sweep counts, SweepSilent rings.
    TreatMissingData: 'notBreaching',
  });
  expect(two.text(within(Properties, 'Dimensions', 0, 'Value'))).toBe('<Sweeping/Sweep/Function>');
});

/** The metrics of an alarm, each as `name{dimension=value, ...}`. */
const metricsOf = (at: string) => {
  const parts = two.at(at).Properties.Metrics;
  return (Array.isArray(parts) ? parts : []).flatMap((part: unknown) => {
    const metric = within(part, 'MetricStat', 'Metric');
    const dimensions = within(metric, 'Dimensions');
    const all: unknown[] = Array.isArray(dimensions) ? dimensions : [];
    const texts = all.map((one) => `${within(one, 'Name')}=${two.text(within(one, 'Value'))}`);
    return metric ? [`${within(metric, 'MetricName')}{${texts.join(', ')}}`] : [];
  });
};

test('metrics that functions count themselves are those of this stack only', () => {
  expect(metricsOf('Alarms/VaultStrays')).toEqual([
    'VaultStrays{function=<Sweeping/Sweep/Function>, service=sweep}',
  ]);
  expect(metricsOf('Alarms/RecordsUnreadable')).toEqual([
    'RecordsUnreadable{function=<Burial/Bury/Function>, service=bury}',
    'RecordsUnreadable{function=<Retention/Expire/Function>, service=expire}',
  ]);
  expect(metricsOf('Sources/archive/Alarms/ExportsFailed')).toEqual([
    'ExportFailed{function=<Sources/archive/Export/Function>, service=export}',
  ]);
  expect(metricsOf('Sources/archive/Alarms/RestoresFailed')).toEqual([
    'RestoreFailed{function=<Sources/archive/Restores/Restore/Function>, service=restore}',
  ]);
  expect(metricsOf('Alarms/VerificationsFailed')).toEqual([
    'VerificationFailed{function=<Verifications/Verify/Function>, service=verify}',
  ]);
  expect(metricsOf('Alarms/VerificationsNotRun')).toEqual([
    'VerificationCouldNotRun{function=<Verifications/Verify/Function>, service=verify}',
  ]);
});

test("a source that does not answer does not ring the API's alarm", () => {
  const metrics = two.at('Alarms/ApiErrors').Properties.Metrics;
  expect(within(metrics, 0, 'Expression')).toBe('errors - FILL(explained, 0)');
  expect(metricsOf('Alarms/ApiErrors')).toEqual([
    `5XXError{ApiName=${two.text(two.at('Api/Api').Properties.Name)}}`,
    'ProjectsNotResolved{function=<Api/Handler/Function>, service=api}',
  ]);
});

test('alarms have no recipient unless the configuration has one', () => {
  for (const [at, { Properties }] of alarms)
    expect(Properties, at).not.toHaveProperty('AlarmActions');
  expect(two.ofType('AWS::SNS::Topic')).toEqual([]);
});

test('every alarm notifies an existing topic of the configuration', () => {
  const topicArn = 'arn:aws:sns:eu-central-1:123456789012:alarms';
  const told = synthesis(config({ alarms: { topicArn } }));
  for (const [at, { Properties }] of told.ofType('AWS::CloudWatch::Alarm')) {
    expect(Properties.AlarmActions, at).toEqual([topicArn]);
  }
});

test('an address gets an encrypted topic of its own to which CloudWatch may publish', () => {
  const told = synthesis(config({ alarms: { email: 'operations@example.com' } }));
  expect(
    told.ofType('AWS::SNS::Subscription').map(([, { Properties }]) => Properties),
  ).toMatchObject([{ Protocol: 'email', Endpoint: 'operations@example.com' }]);
  expect(told.text(told.at('Alarms/Topic').Properties.KmsMasterKeyId)).toContain('<Alarms/Key');
  expect(JSON.stringify(told.at('Alarms/Key').Properties.KeyPolicy)).toContain(
    'cloudwatch.amazonaws.com',
  );
  // A policy with a Deny alone would replace the one that allows CloudWatch to publish.
  const [policy] = told.ofType('AWS::SNS::TopicPolicy').map(([, { Properties }]) => Properties);
  expect(within(policy, 'PolicyDocument', 'Statement')).toContainEqual(
    expect.objectContaining({
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Action: 'sns:Publish',
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    }),
  );
  for (const [at, { Properties }] of told.ofType('AWS::CloudWatch::Alarm')) {
    expect(told.text(within(Properties, 'AlarmActions', 0)), at).toBe('<Alarms/Topic>');
  }
});
