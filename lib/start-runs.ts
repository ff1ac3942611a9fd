import { Duration } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { SourceExports } from './exports.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import { makeDeadLetters } from './queue-with-dead-letters.ts';
import type { StoredSettings } from './stored-settings.ts';

export interface StartRunsProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly sources: readonly SourceExports[];
  /** Parameters with the routes of all sources, see routes.ts. */
  readonly routes: StoredSettings;
  readonly alarms: Alarms;
}

/** The function that schedules start: it begins a run and starts the planning of each source. */
export class StartRuns extends Construct {
  readonly start: LarderFunction;
  /** Events that could not be delivered to it, and events that it failed to handle permanently. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: StartRunsProps) {
    super(scope, id);
    const { config, history, sources, routes, alarms } = props;
    this.deadLetters = makeDeadLetters(
      this,
      'DeadLetters',
      'the schedules and of the function that starts their runs',
    );
    this.start = new LarderFunction(this, 'Start', {
      folder: 'start-runs',
      description: 'starts the runs of schedules',
      timeoutSeconds: 60,
      memoryMb: config.lambda.memoryMb,
      logRetentionDays: config.logRetentionDays,
      variables: { historyTable: history.table.tableName, routes: routes.names },
    });
    history.allow(this.start, ['PutItem', 'UpdateItem'], ['table']);
    routes.allowRead(this.start);
    for (const { plan } of sources)
      this.start.allow(['lambda:InvokeFunction'], [plan.lambda.functionArn]);
    // A permanently failed event is not lost: `bury` begins the run, and sweep starts its planning.
    this.start.allow(['sqs:SendMessage'], [this.deadLetters.queueArn]);
    this.start.lambda.configureAsyncInvoke({
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      onFailure: { bind: () => ({ destination: this.deadLetters.queueArn }) },
    });
    alarms.deadLetters('RunsDeadLetters', this.deadLetters, 'starting runs');
  }
}
