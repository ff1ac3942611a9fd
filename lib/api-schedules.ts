import { Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { ApiScheduleSettings } from '../core/settings.ts';
import { acknowledge } from './acknowledge.ts';
import type { Alarms } from './alarms.ts';
import type { LarderFunction } from './lambda-function.ts';
import { makeSchedulerRole, type Schedules } from './schedules.ts';
import type { StartRuns } from './start-runs.ts';

const SCHEDULER = 'scheduler.amazonaws.com';

export interface ApiSchedulesProps {
  readonly starting: StartRuns;
  /** The configuration's schedules: the API only reads them. */
  readonly configured: Schedules;
  readonly alarms: Alarms;
}

/**
 * Where the API keeps schedules: a group of its own, so that it can't change those of the configuration or the one of sweep; and a role
 * of its own, which may only start runs.
 */
export class ApiSchedules extends Construct {
  readonly #group: CfnScheduleGroup;
  readonly #role: Role;
  readonly #props: ApiSchedulesProps;

  constructor(scope: Construct, id: string, props: ApiSchedulesProps) {
    super(scope, id);
    this.#props = props;
    this.#group = new CfnScheduleGroup(this, 'Group');
    this.#role = makeSchedulerRole(this, {
      description: 'Larder: EventBridge Scheduler starts the runs of schedules that the API made',
      group: this.#group,
      targets: [props.starting.start],
      deadLetters: props.starting.deadLetters,
    });
    const dropped = new Metric({
      namespace: 'AWS/Scheduler',
      metricName: 'InvocationDroppedCount',
      dimensionsMap: { ScheduleGroup: this.#group.ref },
    });
    props.alarms.none(
      'ApiSchedulesDropped',
      dropped,
      'firings of schedules made by API that reached no function',
    );
  }

  /** For the environment of the API. */
  get settings(): string {
    const { starting, configured } = this.#props;
    return Stack.of(this).toJsonString({
      group: this.#group.ref,
      configuredGroup: configured.group.ref,
      role: this.#role.roleArn,
      target: starting.start.lambda.functionArn,
      deadLetters: starting.deadLetters.queueArn,
    } satisfies ApiScheduleSettings);
  }

  /** Reading all schedules, and changing those of this group: with this role and no other. */
  allowManage(manager: LarderFunction): void {
    const all = (group: CfnScheduleGroup): string => this.#arnOf(group);
    manager.allow(
      ['scheduler:CreateSchedule', 'scheduler:UpdateSchedule', 'scheduler:DeleteSchedule'],
      [all(this.#group)],
    );
    const { group: configured } = this.#props.configured;
    manager.allow(['scheduler:GetSchedule'], [all(this.#group), all(configured)]);
    manager.allow(['iam:PassRole'], [this.#role.roleArn], {
      StringEquals: { 'iam:PassedToService': SCHEDULER },
    });
    manager.allow(['scheduler:ListSchedules'], ['*']);
    this.#acknowledge(manager, [this.#group, configured]);
  }

  /** Deleting all schedules of a project. */
  allowDelete(remover: LarderFunction): void {
    remover.allow(['scheduler:DeleteSchedule'], [this.#arnOf(this.#group)]);
    remover.allow(['scheduler:ListSchedules'], ['*']);
    this.#acknowledge(remover, [this.#group]);
  }

  #acknowledge({ role }: LarderFunction, groups: readonly CfnScheduleGroup[]): void {
    for (const group of groups) {
      acknowledge(
        role,
        `IAM5[Resource::arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/<${Stack.of(this).getLogicalId(group)}>/*]`,
        'Names of schedules are not known before; all of them are in a group of this stack.',
      );
    }
    acknowledge(
      role,
      'IAM5[Resource::*]',
      'EventBridge Scheduler lists schedules of the whole account only; reading and changing them is held to the groups of this stack.',
    );
  }

  #arnOf(group: CfnScheduleGroup): string {
    return Stack.of(this).formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${group.ref}/*`,
    });
  }
}
