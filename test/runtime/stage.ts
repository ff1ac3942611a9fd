import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { ENV } from '../../core/contract.ts';
import { type DeadLetterKind, deadLetterSettings } from '../../core/settings.ts';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { checkConfig } from '../../lib/config.ts';
import { startFunctionsApi } from '../../local/emulators/functions.ts';
import { ensureKey, startKeys } from '../../local/emulators/keys.ts';
import { startMailbox } from '../../local/emulators/mail.ts';
import { startParameters } from '../../local/emulators/parameters.ts';
import { startQueues } from '../../local/emulators/queues.ts';
import { startObjectStore } from '../../local/emulators/s3/server.ts';
import { startSecrets } from '../../local/emulators/secrets.ts';
import { startTables } from '../../local/emulators/tables.ts';
import { CREDENTIALS, REGION } from '../../local/region.ts';
import { environmentOfFunction } from '../../local/stack/environment.ts';
import { ensureResources } from '../../local/stack/resources.ts';
import { functionsByRole } from '../../local/stack/roles.ts';
import {
  loadConfig,
  localConfig,
  restoreSecretArnOf,
  secretArnOf,
} from '../../local/start/config.ts';
import { readDocument } from '../../local/template/document.ts';
import { readModel } from '../../local/template/read.ts';
import { synthesizeApart } from '../../local/template/synthesis.ts';
import { makeRoom } from '../adapters/postgres/scratch/room.ts';
import { CONTROL_PLANE, TENANT } from '../functions/export/schemas.ts';
import { newDatabase, RESTORE_ROLE } from '../functions/restore/support.ts';
import { clientRoot, PASSWORD, startPostgres } from '../support/postgres.ts';
import { BACKUP_ROLE } from '../support/roles.ts';
import { type Cut, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const MAJOR = 18;
const SOURCE = 'main';

/** What the functions reach over the network. */
export type Service =
  | 'postgres'
  | 's3'
  | 'sqs'
  | 'dynamodb'
  | 'ses'
  | 'secretsManager'
  | 'kms'
  | 'lambda'
  | 'ssm';

/** A record of an SQS event, in the form of an event source mapping. */
export interface QueueRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly eventSourceARN: string;
  readonly messageAttributes: Readonly<Record<string, never>>;
}

/**
 * The functions of the synthesized stack, each in its own sandbox. Everything that they reach is behind proxies that can lose connections.
 */
export interface Stage {
  /** Role of a function, such as `export`, and its sandbox. */
  readonly sandboxes: ReadonlyMap<string, Sandbox>;
  readonly table: string;
  readonly dynamodb: DynamoDBClient;
  /** Receives and deletes the messages of the queue that a variable of a function names. */
  take(role: string, variable: keyof typeof ENV): Promise<readonly QueueRecord[]>;
  /** Puts a message into the FIFO queue of dead letters of this kind. */
  sendDeadLetter(kind: DeadLetterKind, body: string): Promise<void>;
  /** Cuts all connections between functions and other services. */
  cut(how: Cut): void;
  /** Refuses all connections to a service, until it is told otherwise. */
  refuse(service: Service, isRefusing: boolean): void;
  /** Larder's sessions on the source. */
  sessions(): Promise<number>;
  close(): Promise<void>;
}

export const openStage = async (): Promise<Stage> => {
  const folder = mkdtempSync('/var/tmp/larder-runtime-');
  chmodSync(folder, 0o755);
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    return { ...(await assemble(folder, closing)), close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
};

const assemble = async (
  folder: string,
  closing: (() => Promise<void>)[],
): Promise<Omit<Stage, 'close'>> => {
  const below = (name: string): string => path.join(folder, name);
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    closing.push(() => one.close());
    return one;
  };
  const proxies = new Map<Service, TcpProxy>();
  const behind = async (service: Service, port: number): Promise<TcpProxy> => {
    const proxy = opened(await startTcpProxy(port));
    proxies.set(service, proxy);
    return proxy;
  };
  const proxied = async (service: Service, { url }: { readonly url: string }): Promise<string> =>
    `http://127.0.0.1:${(await behind(service, Number(new URL(url).port))).port}`;

  const postgres = await startPostgres(MAJOR);
  closing.push(() => postgres.stop());
  const database = await newDatabase(postgres, CONTROL_PLANE + TENANT('acme'));
  const server = await behind('postgres', postgres.port);

  mkdirSync(below('tmp'));
  const example = checkConfig(
    await loadConfig(path.join(REPOSITORY, 'larder.config.ts')),
    REPOSITORY,
  );
  const verified = {
    ...example,
    verification: { ...example.verification, which: 'each' },
  } as const;
  const config = localConfig(verified, {
    name: SOURCE,
    host: '127.0.0.1',
    port: server.port,
    database,
    tls: 'disable',
    takesRestores: true,
  });
  const document = readDocument(
    await synthesizeApart(config, { folder: below('stack'), temporaryFolder: below('tmp') }),
  );

  const login = (username: string): string => JSON.stringify({ username, password: PASSWORD });
  const store = opened(await startObjectStore(below('vault')));
  const queues = opened(await startQueues(below('queues')));
  const tables = opened(await startTables(below('history')));
  const mailbox = opened(await startMailbox(below('mails')));
  const keys = opened(await startKeys(below('keys')));
  const secrets = opened(
    await startSecrets(
      new Map([
        [secretArnOf(SOURCE), login(BACKUP_ROLE)],
        [restoreSecretArnOf(SOURCE), login(RESTORE_ROLE)],
      ]),
    ),
  );
  const functionsApi = opened(await startFunctionsApi(() => undefined));
  const endpoints = {
    s3: await proxied('s3', store),
    sqs: await proxied('sqs', queues),
    dynamodb: await proxied('dynamodb', tables),
    ses: await proxied('ses', mailbox),
    secretsManager: await proxied('secretsManager', secrets),
    kms: await proxied('kms', keys),
    lambda: await proxied('lambda', functionsApi),
    scheduler: secrets.url,
    others: secrets.url,
  };
  const model = readModel(document, { queues: endpoints.sqs });
  const ssm = await proxied('ssm', opened(await startParameters(model.parameters)));
  const access = { region: REGION, credentials: CREDENTIALS };
  const dynamodb = new DynamoDBClient({ ...access, endpoint: tables.url });
  const sqs = new SQSClient({ ...access, endpoint: queues.url });
  closing.push(async () => {
    dynamodb.destroy();
    sqs.destroy();
  });
  await ensureResources(model, {
    dynamodb,
    queues,
    store,
    keys: { ensure: (id) => ensureKey(below('keys'), id) },
  });

  const { directory } = await ensureLayer({ layer: 'server', majors: [MAJOR] });
  const surroundings = {
    endpoints: { ...endpoints, ssm },
    credentials: CREDENTIALS,
    postgresRoots: [await clientRoot(), path.join(directory, 'postgres')],
    temporaryFolder: '/tmp',
  };
  const room = await makeRoom(below('room'));
  const functions = new Map(
    [...functionsByRole(model)].flatMap(([role, name]) => {
      const found = model.functions.find((one) => one.name === name);
      return found ? [[role.split(':')[0] ?? role, found] as const] : [];
    }),
  );
  const sandboxes = new Map(
    await Promise.all(
      [...functions].map(async ([role, one]) => {
        const sandbox = await startSandbox(room, {
          name: one.name,
          codeFolder: one.codeFolder,
          environment: {
            ...environmentOfFunction(one, surroundings),
            POWERTOOLS_LOG_LEVEL: 'SILENT',
          },
          memoryMb: one.memoryMb,
        });
        closing.push(() => sandbox.end());
        return [role, sandbox] as const;
      }),
    ),
  );
  const variableOf = (role: string, variable: keyof typeof ENV): string => {
    const value = functions.get(role)?.environment[ENV[variable]];
    if (value === undefined) throw new Error(`${role} has no ${ENV[variable]}`);
    return value;
  };
  return {
    sandboxes,
    table: variableOf('api', 'historyTable'),
    dynamodb,
    take: async (role, variable) => {
      const url = variableOf(role, variable);
      const QueueUrl = url.replace(endpoints.sqs, queues.url);
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      for (const { ReceiptHandle } of Messages)
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      const name = url.split('/').at(-1);
      return Messages.map(({ MessageId = '', ReceiptHandle = '', Body = '' }) => ({
        messageId: MessageId,
        receiptHandle: ReceiptHandle,
        body: Body,
        eventSourceARN: model.queues.find((one) => one.name === name)?.arn ?? '',
        messageAttributes: {},
      }));
    },
    sendDeadLetter: async (kind, body) => {
      const known = variableOf('bury', 'deadLetters')
        .split(',')
        .flatMap((name) => deadLetterSettings.parse(JSON.parse(model.parameters.get(name) ?? '')));
      const found = known.find((one) => one.kind === kind);
      if (!found) throw new Error(`no dead-letter queue is of the kind ${kind}`);
      const id = randomUUID();
      await sqs.send(
        new SendMessageCommand({
          QueueUrl: found.queueUrl.replace(endpoints.sqs, queues.url),
          MessageBody: body,
          MessageGroupId: id,
          MessageDeduplicationId: id,
        }),
      );
    },
    cut: (how) => {
      for (const proxy of proxies.values()) proxy.cut(how);
    },
    refuse: (service, isRefusing) => proxies.get(service)?.refuse(isRefusing),
    sessions: async () => {
      const { rows } = await postgres.sql(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'larder%'",
      );
      return rows[0].n;
    },
  };
};
