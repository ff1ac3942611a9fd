import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeExportQueue } from '../../adapters/sqs/export-queue.ts';
import { iso } from '../../core/backup.ts';
import { ENV, VAULT } from '../../core/contract.ts';
import { uuidv7 } from '../../core/ids.ts';
import { withBundle } from '../../lib/bundles.ts';
import { startObjectStore } from '../../local/emulators/s3/server.ts';
import { startSecrets } from '../../local/emulators/secrets.ts';
import { clientPrograms, clientRoot, PASSWORD, startPostgres } from '../support/postgres.ts';
import { startQueues } from '../support/queues.ts';
import { startTables } from '../support/tables.ts';

/** One export that was asked for: its row's id, and the event that Lambda would give. */
interface Requested {
  readonly id: string;
  readonly receiptHandle: string | undefined;
  readonly event: unknown;
}

/** Everything that the contenders run against: one server, one S3, and what Larder needs besides. */
export const openStage = async (major = 18) => {
  const folder = mkdtempSync('/var/tmp/larder-bench-');
  const postgres = await startPostgres(major);
  const store = await startObjectStore(path.join(folder, 's3'));
  await store.createBucket('vault');
  const tables = await startTables();
  const queues = await startQueues();
  const secretArn = 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:bench-AbCdEf';
  const secrets = await startSecrets(
    new Map([[secretArn, JSON.stringify({ username: 'postgres', password: PASSWORD })]]),
  );
  const bundle = path.join(folder, 'export');
  mkdirSync(bundle);
  withBundle('export', undefined, (built) => cpSync(built, bundle, { recursive: true }));
  const table = await tables.newTable();
  const history = makeHistory({ table, client: tables.client, clock: Date.now });
  const queueUrl = queues.newQueue('bench.fifo', { VisibilityTimeout: '960' });
  const outcomesUrl = queues.newQueue('bench-outcomes');
  const client = (await clientPrograms()).clients.find((one) => one.major === major);
  if (!client) throw new Error(`no pg_dump ${major}`);
  const root = await clientRoot();

  const environment = (database: string): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    HOME: folder,
    PGPASSWORD: PASSWORD,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_S3: store.url,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    [ENV.environment]: 'bench',
    [ENV.historyTable]: table,
    [ENV.vaultBucket]: 'vault',
    [ENV.source]: JSON.stringify({
      name: 'main',
      host: '127.0.0.1',
      port: postgres.port,
      database,
      auth: { type: 'secret', secretArn },
      tls: 'disable',
    }),
    [ENV.exportDefaults]: '{}',
    [ENV.keyTemplate]: VAULT.defaultKeyTemplate,
    [ENV.exportsQueue]: queueUrl,
    [ENV.outcomesQueue]: outcomesUrl,
    [ENV.postgresRoot]: root,
    POWERTOOLS_LOG_LEVEL: 'ERROR',
  });

  /** Writes the row and sends the message of one export, and receives it as Lambda would. */
  const requestExport = async (projectId: string): Promise<Requested> => {
    const now = Date.now();
    const id = uuidv7(now);
    await history.create({
      id,
      projectId,
      projectName: projectId,
      schemaName: projectId,
      source: 'main',
      environment: 'bench',
      name: 'bench',
      description: '',
      type: 'database',
      content: 'full',
      trigger: 'manual',
      format: 'custom',
      status: 'pending',
      validation: 'unverified',
      retentionClass: 'daily',
      createdAt: iso(now),
      expiresAt: iso(now + 86_400_000),
      attempt: 0,
      queuedAt: iso(now),
    });
    await makeExportQueue({ url: queueUrl, client: queues.client }).send([
      { projectId, backupId: id },
    ]);
    const received = await queues.client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
    const message = received.Messages?.[0];
    const record = {
      messageId: message?.MessageId,
      receiptHandle: message?.ReceiptHandle,
      body: message?.Body,
    };
    return { id, receiptHandle: message?.ReceiptHandle, event: { Records: [record] } };
  };

  return {
    folder,
    postgres,
    pgDump: client.pgDump,
    bundle: path.join(bundle, 'index.mjs'),
    environment,
    requestExport,
    /** Takes the message from its queue, as Lambda does after a success. @throws Error where the row says otherwise */
    settle: async (projectId: string, { id, receiptHandle }: Requested) => {
      const row = await history.get(projectId, id);
      if (row?.status !== 'completed') {
        throw new Error(`${id}: ${row?.status}, ${row?.error?.message}`);
      }
      await queues.client.send(
        new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }),
      );
    },
    close: async () => {
      await postgres.stop();
      await store.close();
      await secrets.close();
      await queues.stop();
      await tables.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

export type Stage = Awaited<ReturnType<typeof openStage>>;
