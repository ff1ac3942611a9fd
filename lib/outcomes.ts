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

/** Ended work is reported to the queue `outcomes`; `notify` mails people. */
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
      description: 'reports how runs, backups, restores and verifications ended',
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
    // A run of thousands of backups sends as many messages at its end. A low concurrency is enough, and protects SES and the run's row.
    consume(this.notify, 'OutcomesMapping', this.messages.queue, {
      batchSize: 10,
      maxConcurrency: 4,
    });
    alarms.deadLetters('OutcomesDeadLetters', this.messages.deadLetters, 'outcomes');
  }

  /** Allows a function to report that some work has ended. */
  allowReport(reporter: LarderFunction): void {
    reporter.allow(['sqs:SendMessage'], [this.messages.queue.queueArn]);
  }

  /**
   * SES checks the address's own identity if it has one, else the identity of its domain or of a parent domain. In the sandbox it
   * checks each recipient's identity too. So the policy does not list identities; it names the sender address.
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
      'Which identity SES checks depends on what is verified in the account; the condition limits it to one sender address.',
    );
  }
}
