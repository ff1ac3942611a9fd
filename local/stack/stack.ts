import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { VAULT } from '../../core/contract.ts';
import type { Synthesized } from '../../lib/synthesize.ts';
import { type AccessReport, makeAccess } from '../access/access.ts';
import { makeGate } from '../access/gate.ts';
import { serviceOf } from '../access/principals.ts';
import { lambdaRequests, schedulerRequests } from '../access/requests/others.ts';
import { readTemplatePolicies } from '../access/template-policies.ts';
import { startGateway } from '../api/gateway.ts';
import { bearerOf } from '../emulators/admission.ts';
import { startFunctionsApi } from '../emulators/functions.ts';
import { startSchedulerApi } from '../emulators/scheduler.ts';
import { type Credentials, makeCredentials, makeToken } from '../emulators/signature.ts';
import type { Outcome } from '../lambda/protocol.ts';
import { REGION } from '../region.ts';
import { readDocument } from '../template/document.ts';
import type { LocalModel } from '../template/model.ts';
import { readModel } from '../template/read.ts';
import { makeResolver } from '../template/resolve.ts';
import { ACCESS_REPORT, factsOf, writeReport } from './access.ts';
import { type StartEmulators, startEmulators } from './emulators.ts';
import type { Endpoints } from './environment.ts';
import { makeFunctions } from './functions.ts';
import { openLogs } from './logs.ts';
import { ensureResources } from './resources.ts';
import { functionsByRole } from './roles.ts';
import { makeSessions } from './sessions.ts';
import { startTriggers } from './triggers.ts';

/**
 * The synthesized stack on this machine. The emulators start first, because the template's references are resolved
 * to their addresses; then the functions, which are processes; last their triggers: queues, schedules, the stream,
 * the API. It stops in the reverse order, so that nothing new begins while running work ends.
 */
export interface LocalStack {
  readonly apiUrl: string;
  /** The token of this start: each request to the API sends it as `authorization: Bearer …`. */
  readonly apiToken: string;
  /** The credentials of this start, which allow everything. Each function has its own credentials with the permissions of its role. */
  readonly credentials: Credentials;
  readonly mailUrl: string;
  readonly endpoints: Endpoints;
  readonly model: LocalModel;
  /** Folder of the vault's objects, which are files named by their keys. */
  readonly vaultFolder: string;
  readonly mails: () => number;
  /** Permissions of the functions' roles that nothing has used, and requests that were refused. */
  accessReport(): AccessReport;
  /** Backups that are in the vault. */
  storedBackups(): Promise<number>;
  /** Fires a schedule now, as at its due time: one of the configuration by its name, one of the API by the key of its runs. */
  fireSchedule(name: string, at: Date): Promise<void>;
  /** @param role `api`, `notify`, `expire`, `bury`, `sweep`, `verify`, or `plan:<source>`, `discover:…`, `export:…`, `restore:…` */
  invoke(role: string, event: unknown): Promise<Outcome>;
  /** Processes that handle an event now, by the role of their function. */
  workers(role: string): readonly number[];
  /** Deletes rows whose `ttl` has passed, and delivers their stream records. */
  expireNow(): Promise<void>;
  stop(graceMs?: number): Promise<void>;
}

export interface StackOptions {
  readonly synthesized: Synthesized;
  readonly dataDir: string;
  /** The functions' /tmp: a folder of the caller, which also removes it. */
  readonly temporaryFolder: string;
  /** Secrets Manager's secrets, by ARN. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly postgresRoots: readonly string[];
  /** Others than those of `npm start`. */
  readonly emulators?: StartEmulators;
  /** 0 chooses a free one. */
  readonly port: number;
  /** Receives the functions' log lines, which otherwise go only to files. */
  readonly echo?: (line: string) => void;
  readonly onProblem: (problem: string) => void;
  readonly clock?: () => number;
  /** Pauses before the retries of asynchronous invocations; absent: one and two minutes, as in AWS. */
  readonly retryDelaysMs?: readonly number[];
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
  const { admit, open } = makeGate(credentials);
  const start = options.emulators ?? startEmulators;
  const { store, queues, tables, mailbox, secrets, keys, startParameters } = await start({
    dataDir,
    credentials,
    admit,
    secrets: options.secrets,
    opened,
  });

  const document = readDocument(options.synthesized);
  const addresses = { queues: queues.url };
  const model = readModel(document, addresses);
  const policies = readTemplatePolicies({ document, resolve: makeResolver(document, addresses) });
  const dynamodb = new DynamoDBClient({ region: REGION, credentials, endpoint: tables.url });
  closing.push(async () => dynamodb.destroy());
  await ensureResources(model, { dynamodb, queues, store, keys });
  const access = await makeAccess(
    credentials,
    { policies, facts: factsOf(policies, model, store) },
    { onRefused: onProblem },
  );
  open(access);
  const sessions = opened(makeSessions(access, queues.url));
  closing.push(() => writeReport(below(ACCESS_REPORT), access));

  const parameters = await startParameters(model.parameters);
  const api = opened(
    await startFunctionsApi((name) => functions.find(name), admit(lambdaRequests)),
  );
  const scheduler = opened(
    await startSchedulerApi(
      {
        groups: model.scheduleGroups,
        schedules: model.schedules,
        checkRole: access.enrollSchedule,
        onPut: (schedule) => triggers.putSchedule(schedule),
        onDelete: (id) => triggers.removeSchedule(id),
      },
      admit(schedulerRequests),
    ),
  );
  const endpoints: Endpoints = {
    s3: store.url,
    sqs: queues.url,
    dynamodb: tables.url,
    ses: mailbox.url,
    secretsManager: secrets.url,
    kms: keys.url,
    ssm: parameters.url,
    lambda: api.url,
    scheduler: scheduler.url,
    others: secrets.url,
  };
  const functions = makeFunctions({
    model,
    surroundings: { endpoints, postgresRoots: options.postgresRoots, temporaryFolder },
    logs,
    sessions,
    queuesUrl: queues.url,
    retryDelaysMs: options.retryDelaysMs,
    onProblem,
  });
  const triggers = startTriggers({
    model,
    functions,
    sessions,
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
      invoke: (name, event) => {
        const source = `${policies.apiArn}/${event.httpMethod}${event.path}`;
        access.check(serviceOf('apigateway.amazonaws.com', source), [
          { action: 'lambda:InvokeFunction', resource: functions.settings(name).arn },
        ]);
        return functions.invoke(name, event);
      },
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
    accessReport: access.report,
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
