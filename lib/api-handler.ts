import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { exportDefaultsOf, type SourceExports } from './exports.ts';
import type { HistoryTable } from './history.ts';
import { LarderFunction } from './lambda-function.ts';
import type { ManifestKey } from './manifest-key.ts';
import type { Outcomes } from './outcomes.ts';
import type { SourceRestores } from './restores.ts';
import { routesOf } from './routes.ts';
import type { Vault } from './vault.ts';
import { type Verifications, verificationOf } from './verifications.ts';

/** API Gateway gives up after 29 s; no call of ours waits over 25. */
const TIMEOUT_SECONDS = 29;

export interface ApiHandlerProps {
  readonly config: Config;
  readonly history: HistoryTable;
  readonly vault: Vault;
  readonly manifestKey: ManifestKey;
  readonly outcomes: Outcomes;
  readonly sources: readonly SourceExports[];
  readonly restores: readonly SourceRestores[];
  readonly verifications: Verifications;
}

/** What answers the HTTP API. It touches no customer database: it asks for what others do. */
export const makeApiHandler = (scope: Construct, props: ApiHandlerProps): LarderFunction => {
  const { config, history, vault, manifestKey, outcomes, sources, restores, verifications } = props;
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
      routes: routesOf(scope, sources, restores),
    },
  });
  history.allow(
    handler,
    ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'],
    ['table', 'statusIndex', 'dayIndex'],
  );
  // A backup that is cancelled while it waits ends here, and no worker says so.
  outcomes.allowReport(handler);
  // Presigned URLs are worth what their signer may do.
  vault.allowRead(handler);
  manifestKey.allowVerify(handler);
  // So that a backup which is gone is found to be gone, and not forbidden.
  vault.allowList(handler);
  handler.allow(
    ['sqs:SendMessage'],
    [...sources, ...restores].map(({ requests }) => requests.queue.queueArn),
  );
  verifications.allowRequest(handler);
  handler.allow(
    ['lambda:InvokeFunction'],
    sources.flatMap(({ discover, plan }) => [discover.lambda.functionArn, plan.lambda.functionArn]),
  );
  return handler;
};
