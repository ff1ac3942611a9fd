import type { Construct } from 'constructs';
import type { ApiSchedules } from './api-schedules.ts';
import type { Config } from './config.ts';
import { exportDefaultsOf, type SourceExports } from './exports.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { ManifestKey } from './manifest-key.ts';
import type { Outcomes } from './outcomes.ts';
import type { SourceRestores } from './restores.ts';
import type { StoredSettings } from './stored-settings.ts';
import type { Vault } from './vault.ts';
import { type Verifications, verificationOf } from './verifications.ts';

/** API Gateway gives up after 29 s; none of our calls waits over 25. */
const TIMEOUT_SECONDS = 29;

export interface ApiHandlerProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly vault: Vault;
  readonly manifestKey: ManifestKey;
  readonly outcomes: Outcomes;
  readonly sources: readonly SourceExports[];
  readonly restores: readonly SourceRestores[];
  /** Parameters with the routes of all sources, see routes.ts. */
  readonly routes: StoredSettings;
  readonly verifications: Verifications;
  readonly schedules: ApiSchedules;
  readonly erase: LarderFunction;
}

/** The function that answers the HTTP API. It touches no customer database; it only requests work from other functions. */
export const makeApiHandler = (scope: Construct, props: ApiHandlerProps): LarderFunction => {
  const { config, history, vault, manifestKey, outcomes, sources, restores, verifications } = props;
  const { routes, schedules, erase } = props;
  const handler = new LarderFunction(scope, 'Handler', {
    folder: 'api',
    description: 'answers the HTTP API',
    timeoutSeconds: TIMEOUT_SECONDS,
    memoryMb: config.lambda.memoryMb,
    logRetentionDays: config.logRetentionDays,
    variables: {
      environment: config.environment,
      historyTable: history.table.tableName,
      vaultBucket: vault.bucket.bucketName,
      manifestKeys: manifestKey.ids,
      outcomesQueue: outcomes.messages.queue.queueUrl,
      exportDefaults: exportDefaultsOf(config),
      retention: JSON.stringify(config.retention),
      verification: verificationOf(config),
      verificationsQueue: verifications.requests.queue.queueUrl,
      routes: routes.names,
      apiSchedules: schedules.settings,
      eraseFunction: erase.lambda.functionName,
    },
  });
  history.allow(
    handler,
    ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'],
    ['table', 'statusIndex', 'dayIndex'],
  );
  // A waiting backup that is canceled ends here; no worker reports it.
  outcomes.allowReport(handler);
  // A presigned URL allows no more than its signer may do.
  vault.allowRead(handler);
  // Of deleted backups. Its rows decide what sweep removes, so this gives it no further power.
  vault.allowRemove(handler);
  manifestKey.allowVerify(handler);
  // With this, a deleted backup is reported as gone and not as forbidden.
  vault.allowList(handler);
  routes.allowRead(handler);
  verifications.allowRequest(handler);
  schedules.allowManage(handler);
  handler.allow(['lambda:InvokeFunction'], [erase.lambda.functionArn]);
  // One grant each: CDK splits an oversized policy by statements.
  for (const { requests } of [...sources, ...restores])
    handler.allow(['sqs:SendMessage'], [requests.queue.queueArn]);
  for (const { discover, plan } of sources)
    handler.allow(
      ['lambda:InvokeFunction'],
      [discover.lambda.functionArn, plan.lambda.functionArn],
    );
  return handler;
};
