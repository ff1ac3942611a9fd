import { Construct } from 'constructs';
import { METRICS, TIMES, VAULT } from '../core/contract.ts';
import { type RestoreSettings, restoreSettings } from '../core/settings.ts';
import type { RestoreConfig, SourceConfig } from './config.ts';
import { exportDefaultsOf, type SourceExports, type SourceExportsProps } from './exports.ts';
import { isolationOf } from './isolation.ts';
import type { LarderFunction } from './lambda-function.ts';
import { POSTGRES_ROOT } from './postgres-layers.ts';
import { consume, QueueWithDeadLetters } from './queue-with-dead-letters.ts';
import { makeSourceFunction } from './source-function.ts';

/** Restores of one source at once: of two projects, for one project's never run side by side. */
const CONCURRENCY = 2;
/** A restore is asked for by a person, who waits. */
const MAXIMUM_WAIT_HOURS = 1;

/** As the function reads them: without the login, which is in the source's settings. */
const settingsOf = (restore: RestoreConfig): string => {
  const { secretArn: _, secretKeyArn: __, iam: ___, ...settings } = restore;
  return JSON.stringify(restoreSettings.parse(settings) satisfies RestoreSettings);
};

export interface SourceRestoresProps extends SourceExportsProps {
  readonly settings: RestoreConfig;
  /** Of the same source: a swap's safety backup is an export like any other. */
  readonly exports: SourceExports;
}

/**
 * What brings backups back into one source: its queue, and the one function that may write to the database. It reads what it takes of
 * the vault, which may be another source's, and writes nothing there.
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
          retention: JSON.stringify(config.retention),
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
    // So that a backup which is gone is found to be gone, and not forbidden.
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
