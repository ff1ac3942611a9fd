import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
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
    this.#allowMail(config.notifications);
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

  /**
   * SES checks the address's own identity where it has one, else its domain's or a parent domain's, and in the sandbox each recipient's
   * as well. So the identities are not named one by one; the address that mails come from is.
   * https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policies.html
   */
  #allowMail({ from, configurationSet }: Config['notifications']): void {
    const arnOf = (resource: string, resourceName: string): string =>
      Stack.of(this).formatArn({ service: 'ses', resource, resourceName });
    this.notify.allow(
      ['ses:SendEmail'],
      [
        arnOf('identity', '*'),
        ...(configurationSet ? [arnOf('configuration-set', configurationSet)] : []),
      ],
      { StringEquals: { 'ses:FromAddress': from } },
    );
    acknowledge(
      this.notify.role,
      'IAM5[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity/*]',
      'Which identity SES checks depends on what is verified in the account; the condition holds it to one address to mail from.',
    );
  }
}
