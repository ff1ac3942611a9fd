import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SESClient } from '@aws-sdk/client-ses';
import { SNSClient } from '@aws-sdk/client-sns';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { discoverOutput } from '../../core/outputs.ts';
import type { Config } from '../../lib/config.ts';
import { readConfiguration } from '../configuration.ts';
import { outputsOf } from '../history/stack.ts';
import { type Finding, made } from './check.ts';
import { checkConcurrency, checkSource } from './lambda.ts';
import { checkAlarms, checkMail } from './mail.ts';
import { checkBucket, checkKey, checkTable, vaultKeyOf } from './storage.ts';

/** A discover function takes five minutes at most. */
const DISCOVERY_MS = 310_000;

const wantedOf = ({ sources, export: { concurrency }, verification }: Config) => ({
  exports: concurrency,
  sources: sources.length,
  restoringSources: sources.filter(({ restore }) => restore).length,
  verifications: verification.concurrency,
});

/** All checks in an account, in the order of the report. */
export const awsChecks = async ({
  stack,
  config: file,
}: {
  readonly stack: string;
  readonly config: string;
}): Promise<readonly Finding[]> => {
  const config = await readConfiguration(file);
  const outputs = await outputsOf(stack);
  const access = { requestHandler: makeRequestHandler() };
  const s3 = new S3Client(access);
  const kms = new KMSClient(access);
  const lambda = new LambdaClient({
    requestHandler: makeRequestHandler(DISCOVERY_MS),
    maxAttempts: 1,
  });
  /** A check of the resource that an output names; a missing output is a failure of its own. */
  const ofOutput = (
    check: string,
    name: string,
    work: (value: string) => Promise<readonly Finding[]>,
  ): Promise<readonly Finding[]> =>
    made(check, async () => {
      const value = outputs.get(name);
      if (value !== undefined) return await work(value);
      const says = `the stack ${stack} has no output ${name}`;
      const todo = 'deploy the stack with this version, from this configuration';
      return [{ check, result: 'failed', says, todo }];
    });
  const findings = await Promise.all([
    ofOutput('history', 'HistoryTable', (table) => checkTable(new DynamoDBClient(access), table)),
    ofOutput('vault', 'VaultBucket', (bucket) => checkBucket(s3, bucket)),
    ofOutput("the vault's key", 'VaultBucket', async (bucket) => {
      const key = await vaultKeyOf(s3, bucket);
      return key === undefined
        ? []
        : await checkKey(kms, "the vault's key", key, 'ENCRYPT_DECRYPT');
    }),
    ofOutput("the manifests' keys", 'ManifestKeys', async (keys) =>
      (
        await Promise.all(
          keys
            .split(',')
            .map((key) => checkKey(kms, "the manifests' keys", key, 'GENERATE_VERIFY_MAC')),
        )
      ).flat(),
    ),
    made('mail', () => checkMail(new SESClient(access), config.notifications)),
    made('alarms', () => checkAlarms(new SNSClient(access), outputs.get('AlarmsTopic'))),
    made('concurrency', () => checkConcurrency(lambda, wantedOf(config))),
    ...config.sources.map(({ name }) =>
      ofOutput(`source ${name}`, discoverOutput(name), (functionName) =>
        checkSource(lambda, name, functionName),
      ),
    ),
  ]);
  return findings.flat();
};
