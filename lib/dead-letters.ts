import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DeadLetterSettings } from '../core/settings.ts';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { Outcomes } from './outcomes.ts';
import { consume } from './queue-with-dead-letters.ts';
import { StoredSettings } from './stored-settings.ts';

type Grave = Omit<DeadLetterSettings[number], 'queueArn'> & { readonly queue: Queue };

export interface BuryProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly outcomes: Outcomes;
  readonly alarms: Alarms;
  /** All dead-letter queues of the stack. */
  readonly graves: readonly Grave[];
}

/** Receives messages that no function could handle. Each kind is handled in its own way, and each is reported to people. */
export class Bury extends Construct {
  readonly bury: LarderFunction;

  constructor(scope: Construct, id: string, props: BuryProps) {
    super(scope, id);
    const { config, history, outcomes, graves } = props;
    const settings = new StoredSettings(this, 'Settings', {
      description: 'what each dead-letter queue holds',
      entries: graves.map(({ queue, ...grave }) => ({ queueArn: queue.queueArn, ...grave })),
    });
    this.bury = new LarderFunction(this, 'Bury', {
      folder: 'dead-letters',
      description: 'handles dead letters',
      timeoutSeconds: 60,
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
    for (const { queue, kind, source } of graves) {
      const name = `${kind[0]?.toUpperCase()}${kind.slice(1)}Mapping`;
      consume(this.bury, source ? `${name}-${source}` : name, queue, { batchSize: 10 });
    }
    props.alarms.errors('BuryErrors', this.bury.lambda);
  }
}
