import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import { makeDeadLetters } from './queue-with-dead-letters.ts';
import type { Vault } from './vault.ts';

export interface ExpireProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly vault: Vault;
  readonly alarms: Alarms;
}

/** Retention: when DynamoDB removes a row of the history by `ttl`, this function removes its backup from the vault. */
export class Expire extends Construct {
  readonly expire: LarderFunction;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { config, history, vault, alarms }: ExpireProps) {
    super(scope, id);
    this.deadLetters = makeDeadLetters(this, 'DeadLetters', "the history's stream");
    this.expire = new LarderFunction(this, 'Expire', {
      folder: 'expire',
      description: 'removes expired backups',
      timeoutSeconds: 300,
      memoryMb: config.lambda.memoryMb,
      logRetentionDays: config.logRetentionDays,
      variables: {
        historyTable: history.table.tableName,
        vaultBucket: vault.bucket.bucketName,
      },
    });
    history.allow(this.expire, ['GetItem', 'PutItem'], ['table']);
    vault.allowRemove(this.expire);
    vault.allowList(this.expire);
    this.expire.allow(['sqs:SendMessage'], [this.deadLetters.queueArn]);
    this.#readStream(history);
    alarms.deadLetters('ExpireDeadLetters', this.deadLetters, 'retention');
    alarms.behind('ExpireBehind', this.expire.lambda, 60);
  }

  #readStream({ table }: HistoryTable): void {
    const streamArn = table.tableStreamArn;
    if (!streamArn) throw new Error('The history table has no stream.');
    this.expire.allow(
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      [streamArn],
    );
    this.expire.allow(['dynamodb:ListStreams'], ['*']);
    acknowledge(
      this.expire.role,
      'IAM5[Resource::*]',
      'Lambda lists streams before it reads one; ListStreams takes no narrower resource.',
    );
    this.expire.lambda.addEventSourceMapping('HistoryMapping', {
      eventSourceArn: streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 25,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      // The stream's own limit of 24 hours ends the retries, too.
      retryAttempts: 100,
      onFailure: { bind: () => ({ destination: this.deadLetters.queueArn }) },
      filters: [
        // Only removals of a backup's row by DynamoDB's TTL; no deletion by a person or by Larder.
        FilterCriteria.filter({
          eventName: FilterRule.isEqual('REMOVE'),
          userIdentity: {
            type: FilterRule.isEqual('Service'),
            principalId: FilterRule.isEqual('dynamodb.amazonaws.com'),
          },
          dynamodb: {
            OldImage: {
              kind: { S: FilterRule.isEqual('backup') },
              status: { S: FilterRule.isEqual('completed') },
            },
          },
        }),
      ],
    });
  }
}
