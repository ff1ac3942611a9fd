import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { ENV } from '../../core/contract.ts';
import { planEvent } from '../../core/messages.ts';
import { watchedSchedules } from '../../core/settings.ts';
import { config, otherSource, source } from './support/config.ts';
import { synthesis, within } from './support/stack.ts';

const two = synthesis(
  config({
    sources: [source(), otherSource()],
    schedules: [
      {
        name: 'nightly',
        expression: 'cron(0 2 * * ? *)',
        timeZone: 'Europe/Berlin',
        flexibleMinutes: 15,
      },
      {
        name: 'often',
        expression: 'rate(6 hours)',
        sources: ['archive'],
        projects: ['archive-acme'],
        retentionClass: 'weekly',
        enabled: false,
      },
    ],
  }),
);
const schedules = two.ofType('AWS::Scheduler::Schedule');
const inputOf = (path: string): unknown =>
  JSON.parse(String(within(two.at(path).Properties, 'Target', 'Input')));

test('a schedule is one resource for all its sources, and all are in one group', () => {
  expect(schedules.map(([path]) => path).sort()).toEqual([
    'Schedules/DeadLetters',
    'Schedules/Sweep',
    'Schedules/nightly',
    'Schedules/often',
  ]);
  for (const [path, { Properties }] of schedules) {
    expect(two.text(Properties.GroupName), path).toBe('<Schedules/Group>');
  }
});

test('it starts the run, in its time zone and window, and sends to a queue what it can’t start', () => {
  const { Properties } = two.at('Schedules/nightly');
  expect(Properties).toMatchObject({
    ScheduleExpression: 'cron(0 2 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
    State: 'ENABLED',
  });
  expect(two.text(within(Properties, 'Target', 'Arn'))).toBe('<Runs/Start/Function.Arn>');
  expect(two.text(within(Properties, 'Target', 'DeadLetterConfig', 'Arn'))).toBe(
    '<Runs/DeadLetters.Arn>',
  );
  expect(two.at('Schedules/often').Properties).toMatchObject({
    State: 'DISABLED',
    FlexibleTimeWindow: { Mode: 'OFF' },
  });
});

describe('the event', () => {
  test('names the time it was due, and all sources of its run', () => {
    expect(inputOf('Schedules/nightly')).toEqual({
      schedule: 'nightly',
      scheduledAt: '<aws.scheduler.scheduled-time>',
      sources: ['main', 'archive'],
      retentionClass: 'daily',
    });
    expect(inputOf('Schedules/often')).toMatchObject({
      sources: ['archive'],
      projects: ['archive-acme'],
      retentionClass: 'weekly',
    });
  });

  test('is one that plan accepts after the time is filled in', () => {
    const input = inputOf('Schedules/nightly');
    const scheduledAt = '2026-11-21T01:00:00Z';
    expect(planEvent.safeParse({ ...Object(input), scheduledAt }).success).toBe(true);
  });
});

test('sweep runs every five minutes, ends before the next one and is not retried', () => {
  const { Properties } = two.at('Schedules/Sweep');
  expect(Properties.ScheduleExpression).toBe('rate(5 minutes)');
  expect(two.text(within(Properties, 'Target', 'Arn'))).toBe('<Sweeping/Sweep/Function.Arn>');
  expect(Number(two.at('Sweeping/Sweep/Function').Properties.Timeout)).toBeLessThan(300);
  const invoke = two
    .ofType('AWS::Lambda::EventInvokeConfig')
    .find(([path]) => path.startsWith('Sweeping/'));
  expect(invoke?.[1].Properties.MaximumRetryAttempts).toBe(0);
});

test('sweep knows when each enabled schedule should fire', () => {
  const variables = within(
    two.at('Sweeping/Sweep/Function').Properties,
    'Environment',
    'Variables',
  );
  const watched: unknown = JSON.parse(String(within(variables, ENV.schedules)));
  expect(watchedSchedules.parse(watched)).toEqual([
    {
      name: 'nightly',
      expression: 'cron(0 2 * * ? *)',
      timeZone: 'Europe/Berlin',
      flexibleMinutes: 15,
    },
  ]);
});

test('only EventBridge Scheduler may assume the role, for this group of this account', () => {
  const statement = within(
    two.at('Schedules/Role').Properties,
    'AssumeRolePolicyDocument',
    'Statement',
    0,
  );
  expect(statement).toMatchObject({ Principal: { Service: 'scheduler.amazonaws.com' } });
  const condition = within(statement, 'Condition', 'StringEquals');
  expect(two.text(within(condition, 'aws:SourceArn'))).toBe('<Schedules/Group.Arn>');
  expect(two.text(within(condition, 'aws:SourceAccount'))).toBe('<AWS::AccountId>');
});

test('a rate over several sources is one run of all of them', () => {
  const sources = [source(), otherSource()];
  const made = synthesis(
    config({ sources, schedules: [{ name: 'often', expression: 'rate(6 hours)' }] }),
  );
  expect(made.at('Schedules/often').Properties.ScheduleExpression).toBe('rate(6 hours)');
  expect(made.ofType('AWS::Scheduler::Schedule')).toHaveLength(3);
});

test('a schedule may have the name of another resource of the stack', () => {
  const expression = 'cron(0 1 * * ? *)';
  const alike = ['group', 'role', 'sweep'].map((name) => ({ name, expression }));
  expect(synthesis(config({ schedules: alike })).ofType('AWS::Scheduler::Schedule')).toHaveLength(
    5,
  );
});

test('an event that start-runs fails at for good goes to a queue, after two more tries', () => {
  const [invoking] = two
    .ofType('AWS::Lambda::EventInvokeConfig')
    .filter(([path]) => path.startsWith('Runs/'));
  expect(invoking?.[1].Properties.MaximumRetryAttempts).toBe(2);
  const destination = within(
    invoking?.[1].Properties,
    'DestinationConfig',
    'OnFailure',
    'Destination',
  );
  expect(two.text(destination)).toBe('<Runs/DeadLetters.Arn>');
});

test('without schedules, runs are started by hand, and sweep and bury still run', () => {
  const none = synthesis(config({ schedules: [] }));
  expect(none.ofType('AWS::Scheduler::Schedule').map(([path]) => path)).toEqual([
    'Schedules/Sweep',
    'Schedules/DeadLetters',
  ]);
});

/** Warnings that the synthesis prints. */
const warningsOf = (given: Parameters<typeof config>[0]): string[] =>
  Annotations.fromStack(synthesis(config(given)).stack)
    .findWarning('*', Match.anyValue())
    .map(({ entry }) => String(entry.data));

test('synthesis warns, by name, of a schedule in an hour that the clocks skip', () => {
  const schedule = { name: 'nightly', timeZone: 'Europe/Berlin' };
  const gap = warningsOf({ schedules: [{ ...schedule, expression: 'cron(30 2 * * ? *)' }] });
  expect(gap).toContainEqual(
    expect.stringMatching(/Schedule nightly is due at \d{4}-03-\d\d 02:30/),
  );
  const safe = warningsOf({ schedules: [{ ...schedule, expression: 'cron(30 1 * * ? *)' }] });
  expect(safe.join()).not.toContain('Schedule nightly');
});

test('synthesis warns of alarms without a recipient', () => {
  expect(warningsOf({}).join()).toContain('alarms.email');
  expect(warningsOf({ alarms: { email: 'ops@example.com' } }).join()).not.toContain('alarms.email');
});
