import { Construct } from 'constructs';
import { METRICS, TIMES, VAULT } from '../core/contract.ts';
import { type RestoreSettings, restoreSettings } from '../core/settings.ts';
import type { RestoreConfig, SourceConfig } from './config.ts';
import {
  exportDefaultsOf,
  retentionOf,
  type SourceExports,
  type SourceExportsProps,
} from './exports.ts';
import { isolationOf } from './isolation.ts';
import type { LarderFunction } from './lambda-function.ts';
import { POSTGRES_ROOT } from './postgres-layers.ts';
import { consume, QueueWithDeadLetters } from './queue-with-dead-letters.ts';
import { makeSourceFunction } from './source-function.ts';

/** The most restores of one source at once. They belong to different projects: restores of one project never run side by side. */
const CONCURRENCY = 2;
/** A person asks for a restore and waits for it. */
const MAXIMUM_WAIT_HOURS = 1;

/** The settings in the form that the function reads: without the login, which is in the source's settings. */
const settingsOf = (restore: RestoreConfig): string => {
  const { secretArn: _, secretKeyArn: __, iam: ___, ...settings } = restore;
  return JSON.stringify(restoreSettings.parse(settings) satisfies RestoreSettings);
};

export interface SourceRestoresProps extends SourceExportsProps {
  readonly settings: RestoreConfig;
  /** The exports of the same source: a swap's safety backup is an export like any other. */
  readonly exports: SourceExports;
}

/**
 * Restores backups into one source: its queue, and the one function that may write to the database. The function reads the backups
 * that the source accepts, which may belong to another source, and writes nothing to the vault.
 */
export class SourceRestores extends Construct {
  readonly source: SourceConfig;
  readonly settings: RestoreConfig;
  readonly requests: QueueWithDeadLetters;
  readonly restore: LarderFunction;

  constructor(scope: Construct, id: string, props: SourceRestoresProps) {
    super(scope, id);
    const { source, settings } = props;
    this.source = source;
    this.settings = settings;
    this.requests = new QueueWithDeadLetters(this, 'Requests', {
      fifo: true,
      visibilitySeconds: TIMES.jobsVisibilitySeconds,
      maxReceiveCount: TIMES.jobsMaxReceiveCount,
    });
    this.restore = this.#makeRestore(props);
    const { alarms } = props.exports;
    alarms.deadLetters('RestoresDeadLetters', this.requests.deadLetters, 'restores');
    alarms.waiting('RestoresWaiting', this.requests.queue, MAXIMUM_WAIT_HOURS);
    const { lambda } = this.restore;
    alarms.errors('RestoreErrors', lambda);
    alarms.counted(
      'RestoresFailed',
      [{ metricName: METRICS.restoreFailed, service: 'restore', lambda }],
      'restores that failed for good',
    );
  }

  #makeRestore(props: SourceRestoresProps): LarderFunction {
    const { config, source, settings, exports, vault, history, outcomes, postgresLayer } = props;
    const { manifestKey } = props;
    const { queue } = this.requests;
    const isolation = isolationOf(config, source, VAULT.prefix, settings.from);
    const safetyBackups = exports.requests.queue;
    const restore = makeSourceFunction(
      this,
      'Restore',
      { config, source, login: settings, network: exports.network, history },
      {
        folder: 'restore',
        description: `restores projects into ${source.name}`,
        timeoutSeconds: TIMES.jobTimeoutSeconds,
        memoryMb: config.lambda.exportMemoryMb,
        layers: [postgresLayer],
        variables: {
          environment: config.environment,
          vaultBucket: vault.bucket.bucketName,
          manifestKeys: manifestKey.ids,
          restore: settingsOf(settings),
          exportDefaults: exportDefaultsOf(config),
          retention: retentionOf(config, source),
          exportsQueue: safetyBackups.queueUrl,
          restoresQueue: queue.queueUrl,
          outcomesQueue: outcomes.messages.queue.queueUrl,
          postgresRoot: POSTGRES_ROOT,
        },
      },
    );
    // A safety backup's row is written here, and its message sent. An undo looks for later swaps.
    history.allow(restore, ['GetItem', 'PutItem', 'UpdateItem'], ['table'], isolation.projects);
    restore.allow(['sqs:SendMessage'], [safetyBackups.queueArn]);
    vault.allowRead(restore, isolation.reads);
    manifestKey.allowVerify(restore);
    // With this, a deleted backup is reported as gone and not as forbidden.
    vault.allowList(restore, isolation.reads);
    restore.allow(['sqs:ChangeMessageVisibility'], [queue.queueArn]);
    outcomes.allowReport(restore);
    consume(restore, 'RestoresMapping', queue, {
      batchSize: 1,
      maxConcurrency: CONCURRENCY,
    });
    return restore;
  }
}
