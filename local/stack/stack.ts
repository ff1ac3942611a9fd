import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { VAULT } from '../../core/contract.ts';
import type { Synthesized } from '../../lib/synthesize.ts';
import { startGateway } from '../api/gateway.ts';
import { bearerOf, signedBy } from '../emulators/admission.ts';
import { startFunctionsApi } from '../emulators/functions.ts';
import { startKeys } from '../emulators/keys.ts';
import { type Mailbox, startMailbox } from '../emulators/mail.ts';
import { startQueues } from '../emulators/queues.ts';
import { startObjectStore } from '../emulators/s3/server.ts';
import { startSecrets } from '../emulators/secrets.ts';
import { type Credentials, makeCredentials, makeToken } from '../emulators/signature.ts';
import { startTables } from '../emulators/tables.ts';
import type { Outcome } from '../lambda/protocol.ts';
import { REGION } from '../region.ts';
import { KEYS } from '../start/data-folder.ts';
import { readDocument } from '../template/document.ts';
import type { LocalModel } from '../template/model.ts';
import { readModel } from '../template/read.ts';
import type { Endpoints } from './environment.ts';
import { makeFunctions } from './functions.ts';
import { openLogs } from './logs.ts';
import { ensureResources } from './resources.ts';
import { functionsByRole } from './roles.ts';
import { startTriggers } from './triggers.ts';

/**
 * The synthesized stack on this machine. Emulators come first, since the template's references are resolved to their
 * addresses; then the functions, which are processes; last what sets them going: queues, schedules, the stream, the
 * API. It stops in the other order, so that nothing new begins while what runs is coming to its end.
 */
export interface LocalStack {
  readonly apiUrl: string;
  /** Of this start: each request to the API has it in `authorization: Bearer …`. */
  readonly apiToken: string;
  /** Of this start: the emulators take no others. */
  readonly credentials: Credentials;
  readonly mailUrl: string;
  readonly endpoints: Endpoints;
  readonly model: LocalModel;
  /** Folder of the vault's objects, which are files named by their keys. */
  readonly vaultFolder: string;
  readonly mails: () => number;
  /** Backups that are in the vault. */
  storedBackups(): Promise<number>;
  /** Fires a schedule of the configuration now, for all its sources, as its time would. */
  fireSchedule(name: string, at: Date): Promise<void>;
  /** @param role `api`, `notify`, `expire`, `bury`, `sweep`, `verify`, or `plan:<source>`, `discover:…`, `export:…`, `restore:…` */
  invoke(role: string, event: unknown): Promise<Outcome>;
  /** Processes that work on an event now, by the role of their function. */
  workers(role: string): readonly number[];
  /** Deletes the rows whose `ttl` has passed, and delivers the stream's records of them. */
  expireNow(): Promise<void>;
  stop(graceMs?: number): Promise<void>;
}

export interface StackOptions {
  readonly synthesized: Synthesized;
  readonly dataDir: string;
  /** What /tmp is to the functions: the caller's, who removes it. */
  readonly temporaryFolder: string;
  /** Secrets Manager's secrets, by ARN. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly postgresRoots: readonly string[];
  /** 0 takes a free one. */
  readonly port: number;
  /** Gets the functions' log lines, which otherwise only go to files. */
  readonly echo?: (line: string) => void;
  readonly onProblem: (problem: string) => void;
  readonly clock?: () => number;
}

const GRACE_MS = 5_000;

export const startStack = async (options: StackOptions): Promise<LocalStack> => {
  const closing: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    const problems: unknown[] = [];
    for (const close of closing.splice(0).reverse()) {
      await close().catch((error: unknown) => problems.push(error));
    }
    if (problems.length) throw problems[0];
  };
  try {
    return await assemble(options, closing, closeAll);
  } catch (error) {
    await closeAll().catch(() => undefined);
    throw error;
  }
};

const assemble = async (
  options: StackOptions,
  closing: (() => Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<LocalStack> => {
  const { dataDir, onProblem } = options;
  const below = (name: string): string => path.join(dataDir, name);
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    closing.push(() => one.close());
    return one;
  };
  await mkdir(dataDir, { recursive: true });
  const { temporaryFolder } = options;
  const logs = opened(await openLogs(below('logs'), options.echo));

  const credentials = makeCredentials();
  const admit = signedBy(credentials);
  const store = opened(await startObjectStore(below('vault'), { admit }));
  const queues = opened(await startQueues(below('queues'), credentials));
  const tables = opened(await startTables(below('history'), admit));
  const mailbox: Mailbox = opened(await startMailbox(below('mails'), admit));
  const secrets = opened(await startSecrets(options.secrets, admit));
  const keys = opened(await startKeys(below(KEYS), admit));

  const document = await readDocument(options.synthesized);
  const model = readModel(document, { queues: queues.url });
  const access = { region: REGION, credentials };
  const dynamodb = new DynamoDBClient({ ...access, endpoint: tables.url });
  const sqs = new SQSClient({ ...access, endpoint: queues.url });
  closing.push(async () => {
    dynamodb.destroy();
    sqs.destroy();
  });
  await ensureResources(model, { dynamodb, queues, store, keysFolder: below(KEYS) });

  const api = opened(await startFunctionsApi((name) => functions.find(name), admit));
  const endpoints: Endpoints = {
    s3: store.url,
    sqs: queues.url,
    dynamodb: tables.url,
    ses: mailbox.url,
    secretsManager: secrets.url,
    kms: keys.url,
    lambda: api.url,
    others: secrets.url,
  };
  const functions = makeFunctions({
    model,
    surroundings: { endpoints, credentials, postgresRoots: options.postgresRoots, temporaryFolder },
    logs,
    sqs,
    queuesUrl: queues.url,
    onProblem,
  });
  const triggers = startTriggers({
    model,
    functions,
    sqs,
    dynamodb,
    queuesUrl: queues.url,
    streamFolder: below('stream'),
    clock: options.clock ?? Date.now,
    onProblem,
  });
  let grace = GRACE_MS;
  closing.push(async () => {
    await Promise.all([triggers.stop(), functions.stop(grace)]);
  });
  const apiToken = makeToken();
  const gateway = opened(
    await startGateway({
      port: options.port,
      admit: bearerOf(apiToken),
      routes: model.routes,
      responses: model.gatewayResponses,
      invoke: (name, event) => functions.invoke(name, event),
      onError: onProblem,
    }),
  );
  const roles = functionsByRole(model);
  const vaultFolder = path.join(below('vault'), model.buckets[0]?.name ?? '');
  const named = (role: string): string => {
    const name = roles.get(role);
    if (name === undefined)
      throw new Error(`No function is ${role}: there are ${[...roles.keys()].join(', ')}`);
    return name;
  };
  return {
    apiUrl: gateway.url,
    apiToken,
    credentials,
    mailUrl: mailbox.pageUrl,
    endpoints,
    model,
    vaultFolder,
    mails: mailbox.count,
    storedBackups: async () => {
      const files = await readdir(vaultFolder, { recursive: true });
      return files.filter((file) => file.endsWith(VAULT.manifestExtension)).length;
    },
    fireSchedule: triggers.fireSchedule,
    expireNow: triggers.expireNow,
    invoke: (role, event) => functions.invoke(named(role), event),
    workers: (role) => functions.workers(named(role)),
    stop: (graceMs = GRACE_MS) => {
      grace = graceMs;
      return closeAll();
    },
  };
};
