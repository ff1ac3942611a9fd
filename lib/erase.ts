import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { ApiSchedules } from './api-schedules.ts';
import type { Config } from './config.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { ManifestKey } from './manifest-key.ts';
import type { Vault } from './vault.ts';

export interface EraseProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly vault: Vault;
  readonly manifestKey: ManifestKey;
  readonly schedules: ApiSchedules;
  readonly alarms: Alarms;
}

/** Erases a project for good. It is the only function that deletes rows. */
export class Erase extends Construct {
  readonly erase: LarderFunction;

  constructor(scope: Construct, id: string, props: EraseProps) {
    super(scope, id);
    const { config, history, vault, manifestKey, schedules, alarms } = props;
    this.erase = new LarderFunction(this, 'Erase', {
      folder: 'erase',
      description: 'erases projects for good',
      timeoutSeconds: 900,
      memoryMb: config.lambda.memoryMb,
      logRetentionDays: config.logRetentionDays,
      variables: {
        environment: config.environment,
        historyTable: history.table.tableName,
        vaultBucket: vault.bucket.bucketName,
        keyTemplate: config.keyTemplate,
        manifestKeys: manifestKey.ids,
        apiSchedules: schedules.settings,
      },
    });
    history.allow(this.erase, ['GetItem', 'UpdateItem', 'DeleteItem'], ['table']);
    vault.allowRemove(this.erase);
    vault.allowAbort(this.erase);
    manifestKey.allowSign(this.erase);
    schedules.allowDelete(this.erase);
    // Sweep starts it again.
    this.erase.lambda.configureAsyncInvoke({ retryAttempts: 0 });
    alarms.errors('EraseErrors', this.erase.lambda);
  }
}
