import { Annotations, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { TIMES } from '../core/contract.ts';
import type { PlanEvent } from '../core/messages.ts';
import { skippedTimeOf } from '../core/schedule-times.ts';
import { FIRING_RETRIES, SCHEDULED_TIME } from '../core/schedules.ts';
import type { Alarms } from './alarms.ts';
import { type Config, type ScheduleConfig, sourcesOf } from './config.ts';
import type { LarderFunction } from './lambda-function.ts';
import type { StartRuns } from './start-runs.ts';

const inTwoYears = (now: Date): Date => new Date(now.getTime() + 2 * 366 * 86_400_000);

/** The role with which EventBridge Scheduler fires the schedules of one group; its trust is limited to this group. */
export const makeSchedulerRole = (
  scope: Construct,
  props: {
    readonly description: string;
    readonly group: CfnScheduleGroup;
    readonly targets: readonly LarderFunction[];
    readonly deadLetters: Queue;
  },
): Role => {
  const role = new Role(scope, 'Role', {
    description: props.description,
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': Stack.of(scope).account,
          'aws:SourceArn': props.group.attrArn,
        },
      },
    }),
  });
  const allow = (action: string, resource: string): void => {
    role.addToPolicy(new PolicyStatement({ actions: [action], resources: [resource] }));
  };
  for (const { lambda } of props.targets) allow('lambda:InvokeFunction', lambda.functionArn);
  allow('sqs:SendMessage', props.deadLetters.queueArn);
  return role;
};

export interface SchedulesProps {
  readonly config: Config;
  readonly starting: StartRuns;
  readonly alarms: Alarms;
}

/** The configured schedules, each one for all its sources, and the schedules of sweep and bury. All are in one group. */
export class Schedules extends Construct {
  readonly group: CfnScheduleGroup;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    this.group = new CfnScheduleGroup(this, 'Group');
    this.#role = makeSchedulerRole(this, {
      description: 'Larder: EventBridge Scheduler starts runs, sweep and bury',
      group: this.group,
      targets: [props.starting.start],
      deadLetters: props.starting.deadLetters,
    });
    for (const schedule of props.config.schedules) {
      this.#start(schedule, props);
      this.#warnOfGap(schedule);
    }
    const dropped = new Metric({
      namespace: 'AWS/Scheduler',
      metricName: 'InvocationDroppedCount',
      dimensionsMap: { ScheduleGroup: this.group.ref },
    });
    props.alarms.none('SchedulesDropped', dropped, 'firings of schedules that reached no function');
  }

  #start(schedule: ScheduleConfig, { config, starting }: SchedulesProps): void {
    const event: PlanEvent = {
      schedule: schedule.name,
      scheduledAt: SCHEDULED_TIME,
      sources: sourcesOf(config, schedule),
      ...(schedule.projects !== 'all' && { projects: schedule.projects }),
      retentionClass: schedule.retentionClass,
    };
    const { lambda } = starting.start;
    this.#make(schedule.name, {
      description: `Larder: ${schedule.name}`,
      state: schedule.enabled ? 'ENABLED' : 'DISABLED',
      scheduleExpression: schedule.expression,
      scheduleExpressionTimezone: schedule.timeZone,
      flexibleTimeWindow: schedule.flexibleMinutes
        ? { mode: 'FLEXIBLE', maximumWindowInMinutes: schedule.flexibleMinutes }
        : { mode: 'OFF' },
      target: {
        arn: lambda.functionArn,
        roleArn: this.#role.roleArn,
        input: JSON.stringify(event),
        deadLetterConfig: { arn: starting.deadLetters.queueArn },
        retryPolicy: {
          maximumEventAgeInSeconds: FIRING_RETRIES.maximumAgeSeconds,
          maximumRetryAttempts: FIRING_RETRIES.attempts,
        },
      },
    });
  }

  #warnOfGap({ name, expression, timeZone }: ScheduleConfig): void {
    const now = new Date();
    const skipped = skippedTimeOf(expression, timeZone, now, inTwoYears(now));
    if (skipped === undefined) return;
    Annotations.of(this).addWarningV2(
      `larder:schedule-gap-${name}`,
      `Schedule ${name} is due at ${skipped} in ${timeZone}, a time that does not exist there when the clocks go forward: EventBridge Scheduler skips it, and no backup is made. Move it out of the missing hour, for example to 01:00 or 04:00.`,
    );
  }

  /** Adds the schedules of sweep and bury. These are made after this: they depend on functions that delete schedules. */
  repeat({ sweep, bury }: { readonly sweep: LarderFunction; readonly bury: LarderFunction }): void {
    for (const { lambda } of [sweep, bury])
      this.#role.addToPolicy(
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: [lambda.functionArn],
        }),
      );
    this.#repeat('Sweep', 'sweep', TIMES.sweepEveryMinutes, sweep);
    this.#repeat('DeadLetters', 'dead letters', TIMES.deadLettersEveryMinutes, bury);
  }

  /** A function that repairs what is there, whatever the time. */
  #repeat(id: string, what: string, everyMinutes: number, { lambda }: LarderFunction): void {
    this.#make(id, {
      description: `Larder: ${what}`,
      scheduleExpression: `rate(${everyMinutes} minutes)`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: lambda.functionArn,
        roleArn: this.#role.roleArn,
        input: '{}',
        // The next firing is near; one lost firing needs no alarm. Many raise SweepSilent, or leave letters for which their queue's alarm rings.
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 3 },
      },
    });
  }

  #make(id: string, props: ConstructorParameters<typeof CfnSchedule>[2]): void {
    const made = new CfnSchedule(this, id, { ...props, groupName: this.group.ref });
    // Scheduler checks immediately that the role has the needed permissions.
    made.node.addDependency(this.#role);
  }
}
