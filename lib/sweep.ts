import { Construct } from 'constructs';
import { METRICS, TIMES } from '../core/contract.ts';
import type { WatchedSchedule } from '../core/settings.ts';
import type { Alarms } from './alarms.ts';
import type { Config } from './config.ts';
import type { SourceExports } from './exports.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { Outcomes } from './outcomes.ts';
import type { SourceRestores } from './restores.ts';
import type { StoredSettings } from './stored-settings.ts';
import type { Vault } from './vault.ts';
import type { Verifications } from './verifications.ts';

/** A sweep ends before the next begins. */
const TIMEOUT_SECONDS = TIMES.sweepEveryMinutes * 60 - 20;

/** The schedules whose firings it expects: the enabled ones. */
const watchedSchedulesOf = ({ schedules }: Config): string =>
  JSON.stringify(
    schedules
      .filter(({ enabled }) => enabled)
      .map(({ name, expression, timeZone, flexibleMinutes }) => ({
        name,
        expression,
        timeZone,
        flexibleMinutes,
      })) satisfies WatchedSchedule[],
  );

export interface SweepProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly vault: Vault;
  readonly outcomes: Outcomes;
  readonly sources: readonly SourceExports[];
  readonly restores: readonly SourceRestores[];
  /** Parameters with the routes of all sources, see routes.ts. */
  readonly routes: StoredSettings;
  readonly verifications: Verifications;
  readonly erase: LarderFunction;
  readonly alarms: Alarms;
}

/** Finds lost work and restarts it or ends it. */
export class Sweep extends Construct {
  readonly sweep: LarderFunction;

  constructor(scope: Construct, id: string, props: SweepProps) {
    super(scope, id);
    const { config, history, vault, outcomes, sources, restores, verifications, alarms } = props;
    const { routes, erase } = props;
    this.sweep = new LarderFunction(this, 'Sweep', {
      folder: 'sweep',
      description: 'finds lost messages, dead workers and stray objects',
      timeoutSeconds: TIMEOUT_SECONDS,
      memoryMb: config.lambda.memoryMb,
      logRetentionDays: config.logRetentionDays,
      variables: {
        historyTable: history.table.tableName,
        vaultBucket: vault.bucket.bucketName,
        keyTemplate: config.keyTemplate,
        outcomesQueue: outcomes.messages.queue.queueUrl,
        verificationsQueue: verifications.requests.queue.queueUrl,
        routes: routes.names,
        schedules: watchedSchedulesOf(config),
        eraseFunction: erase.lambda.functionName,
      },
    });
    history.allow(this.sweep, ['GetItem', 'PutItem', 'UpdateItem'], ['table', 'statusIndex']);
    vault.allowList(this.sweep);
    vault.allowAbort(this.sweep);
    vault.allowRemove(this.sweep);
    outcomes.allowReport(this.sweep);
    routes.allowRead(this.sweep);
    // One grant each: CDK splits an oversized policy by statements.
    for (const { requests } of [...sources, ...restores, verifications])
      this.sweep.allow(['sqs:SendMessage', 'sqs:GetQueueAttributes'], [requests.queue.queueArn]);
    for (const { plan } of sources)
      this.sweep.allow(['lambda:InvokeFunction'], [plan.lambda.functionArn]);
    this.sweep.allow(['lambda:InvokeFunction'], [erase.lambda.functionArn]);
    // The next sweep repeats the work; a late retry would only run beside it.
    this.sweep.lambda.configureAsyncInvoke({ retryAttempts: 0 });
    const { lambda } = this.sweep;
    alarms.lasting(
      'RunsMissing',
      { metricName: METRICS.runsMissing, service: 'sweep', lambda },
      'schedules that were due and started no run',
    );
    alarms.errors('SweepErrors', this.sweep.lambda);
    alarms.silence('SweepSilent', this.sweep.lambda, 6 * TIMES.sweepEveryMinutes);
  }
}
