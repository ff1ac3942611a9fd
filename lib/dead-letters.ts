import { Stack } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DeadLetterSettings } from '../core/settings.ts';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { Outcomes } from './outcomes.ts';
import { consume } from './queue-with-dead-letters.ts';

type Grave = DeadLetterSettings[string] & { readonly queue: Queue };

export interface BuryProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly outcomes: Outcomes;
  readonly alarms: Alarms;
  /** All dead-letter queues there are. */
  readonly graves: readonly Grave[];
}

/** What no function could handle ends here: each kind in its own way, and none without a person hearing of it. */
export class Bury extends Construct {
  readonly bury: LarderFunction;

  constructor(scope: Construct, id: string, props: BuryProps) {
    super(scope, id);
    const { config, history, outcomes, graves } = props;
    const kinds = graves.map(({ queue, ...grave }) => [queue.queueArn, grave] as const);
    this.bury = new LarderFunction(this, 'Bury', {
      folder: 'dead-letters',
      description: 'ends what no function could handle',
      timeoutSeconds: 60,
      memoryMb: config.lambda.memoryMb,
      logRetentionDays: config.logRetentionDays,
      variables: {
        historyTable: history.table.tableName,
        outcomesQueue: outcomes.messages.queue.queueUrl,
        deadLetters: Stack.of(this).toJsonString(Object.fromEntries(kinds)),
      },
    });
    history.allow(this.bury, ['GetItem', 'PutItem', 'UpdateItem'], ['table']);
    outcomes.allowReport(this.bury);
    for (const { queue, kind, source } of graves) {
      const name = `${kind[0]?.toUpperCase()}${kind.slice(1)}Mapping`;
      consume(this.bury, source ? `${name}-${source}` : name, queue, { batchSize: 10 });
    }
    props.alarms.errors('BuryErrors', this.bury.lambda);
  }
}
