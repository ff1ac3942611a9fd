import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { TIMES } from '../core/contract.ts';
import type { DeadLetterSettings } from '../core/settings.ts';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { Outcomes } from './outcomes.ts';
import { StoredSettings } from './stored-settings.ts';

/** One reading of the queues ends before the next begins, and before the queues show its letters again. */
const TIMEOUT_SECONDS = TIMES.deadLettersEveryMinutes * 60 - 20;

type Grave = Omit<DeadLetterSettings[number], 'queueUrl'> & { readonly queue: Queue };

export interface BuryProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly outcomes: Outcomes;
  readonly alarms: Alarms;
  /** All dead-letter queues of the stack. */
  readonly graves: readonly Grave[];
}

/**
 * Handles messages that no function could handle, each kind in its own way, and reports each to people. A schedule starts it every few
 * minutes, and it reads the queues itself: as event sources, the queues, which are nearly always empty, would be asked 75 times as often
 * (docs/aws.md).
 */
export class Bury extends Construct {
  readonly bury: LarderFunction;

  constructor(scope: Construct, id: string, props: BuryProps) {
    super(scope, id);
    const { config, history, outcomes, graves } = props;
    const settings = new StoredSettings(this, 'Settings', {
      description: 'what each dead-letter queue holds',
      entries: graves.map(({ queue, ...grave }) => ({ queueUrl: queue.queueUrl, ...grave })),
    });
    this.bury = new LarderFunction(this, 'Bury', {
      folder: 'dead-letters',
      description: 'handles dead letters',
      timeoutSeconds: TIMEOUT_SECONDS,
      memoryMb: config.lambda.memoryMb,
      logRetentionDays: config.logRetentionDays,
      variables: {
        historyTable: history.table.tableName,
        outcomesQueue: outcomes.messages.queue.queueUrl,
        deadLetters: settings.names,
      },
    });
    history.allow(this.bury, ['GetItem', 'PutItem', 'UpdateItem'], ['table']);
    outcomes.allowReport(this.bury);
    settings.allowRead(this.bury);
    // One grant each: CDK splits an oversized policy by statements.
    for (const { queue } of graves)
      this.bury.allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], [queue.queueArn]);
    // The next reading is near, and the letters are still there.
    this.bury.lambda.configureAsyncInvoke({ retryAttempts: 0 });
    props.alarms.errors('BuryErrors', this.bury.lambda);
  }
}
