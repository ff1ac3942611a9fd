import { Annotations, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { TIMES } from '../core/contract.ts';
import type { PlanEvent } from '../core/messages.ts';
import { skippedTimeOf } from '../core/schedule-times.ts';
import type { Alarms } from './alarms.ts';
import { type Config, type ScheduleConfig, sourcesOf } from './config.ts';
import type { LarderFunction } from './lambda-function.ts';
import type { StartRuns } from './start-runs.ts';

/** EventBridge Scheduler fills in the time at which the schedule was due, whatever delay the flexible window added. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';
/** A run that could not be started for this long is given up, because the next one is near. */
const MAXIMUM_AGE_SECONDS = 6 * 3600;

const inTwoYears = (now: Date): Date => new Date(now.getTime() + 2 * 366 * 86_400_000);

export interface SchedulesProps {
  readonly config: Config;
  readonly starting: StartRuns;
  readonly sweep: LarderFunction;
  readonly alarms: Alarms;
}

/**
 * The configured schedules, each one for all its sources, and the schedule of sweep. All are in one group; the
 * role's trust is limited to this group.
 */
export class Schedules extends Construct {
  readonly #group: CfnScheduleGroup;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    this.#group = new CfnScheduleGroup(this, 'Group');
    this.#role = this.#makeRole(props);
    for (const schedule of props.config.schedules) {
      this.#start(schedule, props);
      this.#warnOfGap(schedule);
    }
    this.#sweep(props.sweep);
    const dropped = new Metric({
      namespace: 'AWS/Scheduler',
      metricName: 'InvocationDroppedCount',
      dimensionsMap: { ScheduleGroup: this.#group.ref },
    });
    props.alarms.none('SchedulesDropped', dropped, 'firings of schedules that reached no function');
  }

  #makeRole({ starting, sweep }: SchedulesProps): Role {
    const stack = Stack.of(this);
    const role = new Role(this, 'Role', {
      description: 'Larder: EventBridge Scheduler starts runs and sweep',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': stack.account,
            'aws:SourceArn': this.#group.attrArn,
          },
        },
      }),
    });
    const allow = (action: string, resource: string): void => {
      role.addToPolicy(new PolicyStatement({ actions: [action], resources: [resource] }));
    };
    for (const { lambda } of [sweep, starting.start])
      allow('lambda:InvokeFunction', lambda.functionArn);
    allow('sqs:SendMessage', starting.deadLetters.queueArn);
    return role;
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
          maximumEventAgeInSeconds: MAXIMUM_AGE_SECONDS,
          maximumRetryAttempts: 185,
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

  #sweep(sweep: LarderFunction): void {
    this.#make('Sweep', {
      description: 'Larder: sweep',
      scheduleExpression: `rate(${TIMES.sweepEveryMinutes} minutes)`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: sweep.lambda.functionArn,
        roleArn: this.#role.roleArn,
        input: '{}',
        // The next firing is near; one lost firing needs no alarm, and many raise SweepSilent.
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 3 },
      },
    });
  }

  #make(id: string, props: ConstructorParameters<typeof CfnSchedule>[2]): void {
    const made = new CfnSchedule(this, id, { ...props, groupName: this.#group.ref });
    // Scheduler checks immediately that the role has the needed permissions.
    made.node.addDependency(this.#role);
  }
}
