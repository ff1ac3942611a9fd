import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { Backup } from '../../core/backup.ts';
import { ENV, VAULT } from '../../core/contract.ts';
import { withBundle } from '../../lib/bundles.ts';
import { startKeys } from '../../local/emulators/keys.ts';
import { startSecrets } from '../../local/emulators/secrets.ts';
import { type Instance, startInstance } from '../../local/lambda/instance.ts';
import type { Fate, Meddle } from '../support/http-proxy.ts';
import { clientRoot, PASSWORD } from '../support/postgres.ts';
import type { Bench } from './harness.ts';
import type { Room } from './room.ts';

/** The export function as it is deployed: its bundle, in a separate process that can be killed. */
export interface Deployed {
  /** All variables that the function's process gets. */
  environment(bench: Bench, between?: Between): Promise<Record<string, string>>;
  start(bench: Bench, between?: Between): Promise<Instance>;
}

/** The proxies between the process and its services. */
export interface Between {
  readonly s3?: Meddle;
  readonly history?: Meddle;
  readonly sqs?: Meddle;
  readonly secrets?: Meddle;
  readonly port?: number;
  readonly pgDump?: string;
}

const KEY = 'key';
const SECRET = 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:faults-AbCdEf';
const pass = (): Fate => 'pass';

export const deploy = async (room: Room): Promise<Deployed & { close(): Promise<void> }> => {
  const bundle = path.join(room.folder, 'export');
  mkdirSync(bundle);
  withBundle('export', undefined, (built) => cpSync(built, bundle, { recursive: true }));
  const secrets = await startSecrets(
    new Map([[SECRET, JSON.stringify({ username: 'postgres', password: PASSWORD })]]),
  );
  // The material of TEST_KEY: other attempts at the same backup sign with that in this process.
  const keysFolder = path.join(room.folder, 'keys');
  mkdirSync(keysFolder);
  writeFileSync(path.join(keysFolder, `${KEY}.key`), KEY);
  const keys = await startKeys(keysFolder);
  const environment: Deployed['environment'] = async (bench, between = {}) => {
    const url = async (target: string, meddle: Meddle = pass) =>
      (await room.before(target, meddle)).url;
    const sqs = await url(room.queues.endpoint, between.sqs);
    const atProxy = (queue: string) => queue.replace(room.queues.endpoint, sqs);
    const root = between.pgDump ? await room.programs(between.pgDump) : await clientRoot();
    return {
      PATH: '/usr/bin:/bin',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_S3: await url(room.store.url, between.s3),
      AWS_ENDPOINT_URL_SQS: sqs,
      AWS_ENDPOINT_URL_DYNAMODB: await url(room.tables.endpoint, between.history),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: await url(secrets.url, between.secrets),
      AWS_ENDPOINT_URL_KMS: keys.url,
      AWS_LAMBDA_FUNCTION_NAME: 'export',
      LAMBDA_TASK_ROOT: bundle,
      _HANDLER: 'index.handler',
      [ENV.environment]: 'test',
      [ENV.historyTable]: bench.table,
      [ENV.vaultBucket]: bench.bucket,
      [ENV.manifestKeys]: KEY,
      [ENV.source]: JSON.stringify({
        name: 'main',
        host: '127.0.0.1',
        port: between.port ?? room.postgres.port,
        database: room.database,
        auth: { type: 'secret', secretArn: SECRET },
        tls: 'disable',
      }),
      [ENV.exportDefaults]: '{}',
      [ENV.keyTemplate]: VAULT.defaultKeyTemplate,
      [ENV.exportsQueue]: atProxy(bench.exportsUrl),
      [ENV.outcomesQueue]: atProxy(bench.outcomesUrl),
      [ENV.verification]: JSON.stringify({ which: 'none' }),
      [ENV.verificationsQueue]: atProxy(bench.outcomesUrl),
      [ENV.postgresRoot]: root,
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
    };
  };
  return {
    close: async () => {
      await secrets.close();
      await keys.close();
    },
    environment,
    start: async (bench, between) =>
      startInstance({ memoryMb: 512, log: UNREAD, environment: await environment(bench, between) }),
  };
};

/** Where the function's log goes. */
export const UNREAD = new Writable({ write: (_, __, done) => done() });

/** The event that passes these message bodies to a worker. */
export const eventOf = (...bodies: readonly string[]) => ({
  Records: bodies.map((body, index) => ({
    messageId: `message-${index}`,
    receiptHandle: 'none',
    body,
  })),
});

export const messageOf = ({ projectId, id }: Backup): string =>
  JSON.stringify({ projectId, backupId: id });

/** So that no event runs into Lambda's own limit. */
export const LONG_MS = 900_000;
