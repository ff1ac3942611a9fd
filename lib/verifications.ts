import { Construct } from 'constructs';
import { METRICS, TIMES } from '../core/contract.ts';
import type { VerificationSettings } from '../core/verification.ts';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { ManifestKey } from './manifest-key.ts';
import type { Outcomes } from './outcomes.ts';
import { POSTGRES_ROOT, type PostgresLayers } from './postgres-layers.ts';
import { consume, QueueWithDeadLetters } from './queue-with-dead-letters.ts';
import type { Vault } from './vault.ts';

/** The backups of one day should be verified before those of the next day arrive. */
const MAXIMUM_WAIT_HOURS = 24;

/** The settings in the form that functions read: with the space for the scratch server, without the settings of Lambda and of the layer. */
export const verificationOf = ({ verification }: Config): string => {
  const { which, compare, temporaryMb } = verification;
  return JSON.stringify({
    which,
    compare,
    temporaryBytes: temporaryMb * 1024 ** 2,
  } satisfies VerificationSettings);
};

export interface VerificationsProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly vault: Vault;
  readonly manifestKey: ManifestKey;
  readonly outcomes: Outcomes;
  readonly layers: PostgresLayers;
  readonly alarms: Alarms;
}

/**
 * Restores backups into its own scratch PostgreSQL and compares them. It reads the vault and reaches no database: it has
 * no network of a source and no login to one, and it writes only to the history.
 */
export class Verifications extends Construct {
  readonly requests: QueueWithDeadLetters;
  readonly verify: LarderFunction;

  constructor(scope: Construct, id: string, props: VerificationsProps) {
    super(scope, id);
    const { config, history, vault, manifestKey, outcomes, layers, alarms } = props;
    const { concurrency, memoryMb, temporaryMb } = config.verification;
    this.requests = new QueueWithDeadLetters(this, 'Requests', {
      fifo: true,
      visibilitySeconds: TIMES.jobsVisibilitySeconds,
      maxReceiveCount: TIMES.jobsMaxReceiveCount,
    });
    const { queue, deadLetters } = this.requests;
    this.verify = new LarderFunction(this, 'Verify', {
      folder: 'verify',
      description: 'restores backups into a scratch server and compares them',
      timeoutSeconds: TIMES.jobTimeoutSeconds,
      memoryMb,
      temporaryMb,
      layers: [layers.client, layers.server],
      logRetentionDays: config.logRetentionDays,
      // An event source mapping can't limit concurrency to 1; the function can.
      ...(concurrency === 1 && { reservedConcurrency: 1 }),
      variables: {
        historyTable: history.table.tableName,
        vaultBucket: vault.bucket.bucketName,
        manifestKeys: manifestKey.ids,
        verification: verificationOf(config),
        verificationsQueue: queue.queueUrl,
        outcomesQueue: outcomes.messages.queue.queueUrl,
        postgresRoot: POSTGRES_ROOT,
      },
    });
    // It queries because its result decides which of the project's backups retention may remove.
    history.allow(this.verify, ['GetItem', 'UpdateItem'], ['table']);
    vault.allowRead(this.verify);
    manifestKey.allowVerify(this.verify);
    // With this, a deleted backup is reported as gone and not as forbidden.
    vault.allowList(this.verify);
    this.verify.allow(['sqs:ChangeMessageVisibility'], [queue.queueArn]);
    outcomes.allowReport(this.verify);
    consume(this.verify, 'VerificationsMapping', queue, {
      batchSize: 1,
      maxConcurrency: concurrency > 1 ? concurrency : undefined,
    });
    alarms.deadLetters('VerificationsDeadLetters', deadLetters, 'verifications');
    alarms.waiting('VerificationsWaiting', queue, MAXIMUM_WAIT_HOURS);
    const { lambda } = this.verify;
    alarms.errors('VerifyErrors', lambda);
    alarms.counted(
      'VerificationsFailed',
      [{ metricName: METRICS.verificationFailed, service: 'verify', lambda }],
      'backups whose restored contents differ from the source',
    );
    alarms.counted(
      'VerificationsNotRun',
      [{ metricName: METRICS.verificationCouldNotRun, service: 'verify', lambda }],
      'backups that could not be verified',
    );
  }
  /** Allows a function to request verifications. */
  allowRequest(sender: LarderFunction): void {
    sender.allow(['sqs:SendMessage'], [this.requests.queue.queueArn]);
  }
}
