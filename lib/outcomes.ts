import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import { consume, QueueWithDeadLetters } from './queue-with-dead-letters.ts';

const NOTIFY_TIMEOUT_SECONDS = 60;

export interface OutcomesProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly alarms: Alarms;
}

/** What ended goes to `outcomes`; `notify` tells people. */
export class Outcomes extends Construct {
  readonly messages: QueueWithDeadLetters;
  readonly notify: LarderFunction;

  constructor(scope: Construct, id: string, { config, history, alarms }: OutcomesProps) {
    super(scope, id);
    this.messages = new QueueWithDeadLetters(this, 'Messages', {
      fifo: false,
      visibilitySeconds: 6 * NOTIFY_TIMEOUT_SECONDS,
      maxReceiveCount: 8,
    });
    this.notify = new LarderFunction(this, 'Notify', {
      folder: 'notify',
      description: 'tells people how runs and backups ended',
      timeoutSeconds: NOTIFY_TIMEOUT_SECONDS,
      memoryMb: config.lambda.memoryMb,
      logRetentionDays: config.logRetentionDays,
      variables: {
        environment: config.environment,
        historyTable: history.table.tableName,
        notifications: JSON.stringify(config.notifications),
      },
    });
    history.allow(this.notify, ['GetItem', 'UpdateItem'], ['table']);
    this.#allowMail(config.notifications.from);
    // A run of thousands ends with as many messages: a few lanes are enough, and spare SES and the run's row.
    consume(this.notify, 'OutcomesMapping', this.messages.queue, {
      batchSize: 10,
      maxConcurrency: 4,
    });
    alarms.deadLetters('OutcomesDeadLetters', this.messages.deadLetters, 'outcomes');
  }

  /** Lets a function report that something ended. */
  allowReport(reporter: LarderFunction): void {
    reporter.allow(['sqs:SendMessage'], [this.messages.queue.queueArn]);
  }

  /** SES checks against the address's own identity where it has one, else against its domain's. */
  #allowMail(from: string): void {
    const identities = [from, from.slice(from.lastIndexOf('@') + 1)];
    this.notify.allow(
      ['ses:SendEmail'],
      identities.map((resourceName) =>
        Stack.of(this).formatArn({ service: 'ses', resource: 'identity', resourceName }),
      ),
      { StringEquals: { 'ses:FromAddress': from } },
    );
  }
}
