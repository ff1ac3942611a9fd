import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import middy from '@middy/core';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { expect } from 'vitest';
import * as z from 'zod';
import { makeErasures } from '../../../adapters/dynamodb/erasures.ts';
import { makeFirings } from '../../../adapters/dynamodb/firings.ts';
import { makeRestores, makeVerifications } from '../../../adapters/dynamodb/jobs.ts';
import { makeQueuePositions } from '../../../adapters/dynamodb/queue-positions.ts';
import { makeRetentionPolicies } from '../../../adapters/dynamodb/retention-policies.ts';
import { makeVaultRounds } from '../../../adapters/dynamodb/vault-rounds.ts';
import { makeVault } from '../../../adapters/s3/vault.ts';
import { makeSchedules } from '../../../adapters/scheduler/schedules.ts';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import {
  makeExportQueue,
  makeRestoreQueue,
  makeVerificationQueue,
} from '../../../adapters/sqs/work-queue.ts';
import type { Backup } from '../../../core/backup.ts';
import { FailedElsewhere } from '../../../core/errors/work.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { WorkQueue } from '../../../core/leased-work/store.ts';
import type { PlanEvent } from '../../../core/messages.ts';
import type { Project } from '../../../core/project.ts';
import type { Outcomes } from '../../../core/queue-ports.ts';
import type { RetentionSettings } from '../../../core/retention/policy.ts';
import { classDays } from '../../../core/retention/policy.ts';
import { ROUTES } from '../../../core/routes.ts';
import { exportSettings } from '../../../core/settings.ts';
import type { SourceFunctions } from '../../../core/source-ports.ts';
import { serve } from '../../../functions/api/dispatch.ts';
import { openApi } from '../../../functions/api/openapi.ts';
import type { Api } from '../../../functions/api/ports.ts';
import { problemDetails } from '../../../functions/api/problem-details.ts';
import { discover } from '../../../functions/discover/discover.ts';
import { startSchedulerApi } from '../../../local/emulators/scheduler.ts';
import type { LocalSchedule } from '../../../local/template/model.ts';
import { newHistory } from '../../support/backups.ts';
import { TEST_KEY } from '../../support/manifest-keys.ts';
import type { Queues } from '../../support/queues.ts';
import type { Tables } from '../../support/tables.ts';
import { project, silent, sourceOf } from '../plan/planning.ts';

interface Call {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The prefix of the request's path before the resource, such as `/prod`. */
  readonly stage?: string;
  /** ARN of the principal that signed the request. */
  readonly caller?: string;
  /** Path parameters as a gateway that decodes them passes them. */
  readonly decoded?: boolean;
}

/** The fields of answers that tests read; which of them an answer has is up to each test. */
export interface Shown {
  readonly id: string;
  readonly projectId: string;
  readonly status: string | number;
  readonly compression: string;
  readonly backupId: string;
  readonly code: string;
  readonly detail: string;
  readonly problems: readonly string[];
  readonly items: readonly Shown[];
  readonly backups: readonly Shown[];
  readonly cursor: string;
  readonly links: Readonly<Record<string, string>>;
  readonly scheduledAt: string;
  readonly schedule: string;
  readonly parts: Readonly<Record<string, { readonly planned: number }>>;
  readonly url: string;
  readonly fileName: string;
  readonly running: readonly Shown[];
  readonly recent: readonly Shown[];
  readonly runs: readonly Shown[];
  readonly name: string;
  readonly nextTimes: readonly string[];
  readonly warnings: readonly string[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly json: Shown;
  readonly text: string;
}

const decodedPart = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** Parts of a path, normalized as far as any gateway may do it before it chooses a resource. */
const partsOf = (path: string): string[] => {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (decodedPart(part) === '..') parts.pop();
    else if (part !== '' && decodedPart(part) !== '.') parts.push(part);
  }
  return parts;
};

const match = (path: string) => {
  const given = partsOf(path);
  const fitting = ROUTES.flatMap((route) => {
    const wanted = partsOf(route.path);
    const fits =
      wanted.length === given.length &&
      wanted.every(
        (part, index) => part.startsWith('{') || part === decodedPart(given[index] ?? ''),
      );
    return fits ? [route.path] : [];
  });
  // Literal parts are matched before parameters, as in API Gateway.
  return fitting.sort((a, b) => a.split('{').length - b.split('{').length)[0];
};

/** Answers of the OpenAPI document, by status; those with a schema of JSON as zod reads them. */
const documented = new Map<string, ReadonlyMap<string, z.ZodType | undefined>>();
const documentSchema = z.object({
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ responses: z.record(z.string(), answerSchema()) })),
  ),
});
function answerSchema() {
  const media = z.object({ schema: z.record(z.string(), z.unknown()) });
  return z.looseObject({ content: z.record(z.string(), media).optional() });
}

const answersOf = (method: string, path: string): ReadonlyMap<string, z.ZodType | undefined> => {
  const key = `${method} ${path}`;
  const before = documented.get(key);
  if (before) return before;
  const { paths, components } = documentSchema.parse(openApi(''));
  const { responses = {} } = paths[path]?.[method.toLowerCase()] ?? {};
  /** A schema that stands alone: the document's named schemas are its own. */
  const withSchemas = (schema: Record<string, unknown>): Record<string, unknown> =>
    JSON.parse(
      JSON.stringify({ ...schema, $defs: components.schemas }).replaceAll(
        '"#/components/schemas/',
        '"#/$defs/',
      ),
    );
  const answers = new Map(
    Object.entries(responses).map(([status, { content }]) => {
      const schema = content?.['application/json']?.schema;
      return [status, schema && z.fromJSONSchema(withSchemas(schema))] as const;
    }),
  );
  documented.set(key, answers);
  return answers;
};

/** Each answer in the tests is one that the OpenAPI document has for its route, with a body of the documented form. */
const checkContract = (method: string, resource: string, { status, json, text }: Reply): void => {
  const route = ROUTES.find((one) => one.method === method && one.path === resource);
  if (!route) return;
  const answers = answersOf(method, resource);
  expect([...answers.keys()], `${route.id}: ${text}`).toContain(String(status));
  const problem = answers.get(String(status))?.safeParse(json).error;
  expect(problem, `${route.id} ${status}`).toBeUndefined();
};

const eventOf = (method: string, url: string, call: Call): APIGatewayProxyEvent => {
  const [path = '', search = ''] = url.split('?');
  const resource = match(path) ?? '/{proxy+}';
  const query = new URLSearchParams(search);
  const given = partsOf(path);
  const parameters = partsOf(resource)
    .flatMap((part, index) =>
      part.startsWith('{') && !part.includes('+')
        ? [[part.slice(1, -1), given[index] ?? ''] as const]
        : [],
    )
    .map(([name, value]) => [name, call.decoded ? decodeURIComponent(value) : value]);
  const fullPath = `${call.stage ?? ''}${path}`;
  const context: Partial<APIGatewayProxyEvent['requestContext']> = {
    requestId: randomUUID(),
    path: fullPath,
    resourcePath: resource,
    httpMethod: method,
    identity: {
      userArn: call.caller ?? null,
    } as APIGatewayProxyEvent['requestContext']['identity'],
  };
  return {
    resource,
    path,
    httpMethod: method,
    headers: { ...call.headers },
    multiValueHeaders: {},
    queryStringParameters: Object.fromEntries(query),
    multiValueQueryStringParameters: Object.fromEntries(
      [...new Set(query.keys())].map((name) => [name, query.getAll(name)]),
    ),
    pathParameters: parameters.length ? Object.fromEntries(parameters) : null,
    stageVariables: null,
    requestContext: context as APIGatewayProxyEvent['requestContext'],
    body: call.body ?? null,
    isBase64Encoded: false,
  };
};

/** EventBridge Scheduler with the schedules of a configuration. */
export const startScheduling = async () => {
  const settings = {
    group: 'ByApi',
    configuredGroup: 'Configured',
    role: 'arn:aws:iam::000000000000:role/Fires',
    target: 'arn:aws:lambda:us-east-1:000000000000:function:StartRuns',
    deadLetters: 'arn:aws:sqs:us-east-1:000000000000:RunsDeadLetters',
  };
  const configured = (name: string, event: object): LocalSchedule => ({
    id: name,
    name: `Larder-Schedules${name}-1A2B3C`,
    group: settings.configuredGroup,
    role: settings.role,
    expression: 'cron(0 2 * * ? *)',
    timeZone: 'UTC',
    flexibleMinutes: 0,
    enabled: true,
    functionName: 'StartRuns',
    input: JSON.stringify(event),
    retries: 185,
    maximumAge: 21_600,
  });
  const event = (schedule: string, more: object) => ({
    schedule,
    scheduledAt: '<aws.scheduler.scheduled-time>',
    retentionClass: 'daily',
    ...more,
  });
  const fired: LocalSchedule[] = [];
  const emulator = await startSchedulerApi({
    groups: [settings.group, settings.configuredGroup],
    schedules: [
      configured('Nightly', event('nightly', { sources: ['main', 'second'] })),
      configured('Few', event('few', { sources: ['main'], projects: ['globex', 'acme'] })),
      configured('Sweep', {}),
    ],
    checkRole: () => undefined,
    onPut: (schedule) => void fired.push(schedule),
    onDelete: () => undefined,
  });
  const client = new SchedulerClient({
    endpoint: emulator.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return {
    settings,
    client,
    /** All that was written, in order. */
    written: fired,
    stop: async () => {
      client.destroy();
      await emulator.close();
    },
  };
};

/** The API over the emulators, with two sources whose listings are lists. */
export const startApi = async ({ tables, queues }: { tables: Tables; queues: Queues }) => {
  const stored = await newHistory(tables);
  const tag = randomUUID().slice(0, 8);
  const listings: Record<string, readonly Project[]> = {
    main: [project('acme'), project('globex'), project('initech', { status: 'SUSPENDED' })],
    second: [project('hooli')],
  };
  const down = new Map<string, Error>();
  const plans: { source: string; event: PlanEvent }[] = [];
  const lookups: string[] = [];
  const functions: SourceFunctions = {
    lookUp: async (source, projectId) => {
      lookups.push(`${source}:${projectId}`);
      const failure = down.get(source);
      if (failure) throw failure;
      const ports = {
        source: sourceOf(source, () => listings[source] ?? []),
        registry: stored.registry,
        log: silent,
      };
      const result = await discover(ports, { projectId });
      if (!result.ok) throw new FailedElsewhere(result.error);
      return result.kind === 'project' ? (result.project ?? undefined) : undefined;
    },
    startPlan: async (source, event) => {
      const failure = down.get(source);
      if (failure) throw failure;
      plans.push({ source, event });
    },
  };
  const queue = makeExportQueue({
    url: queues.newQueue(`exports-${tag}.fifo`),
    client: queues.client,
  });
  const outcomes = makeOutcomes({
    url: queues.newQueue(`outcomes-${tag}`),
    client: queues.client,
  });
  const restoreQueue = makeRestoreQueue({
    url: queues.newQueue(`restores-${tag}.fifo`),
    client: queues.client,
  });
  const verificationQueue = makeVerificationQueue({
    url: queues.newQueue(`verifications-${tag}.fifo`),
    client: queues.client,
  });
  const bucket = `vault-${tag}`;
  const s3 = new S3Client({
    endpoint: queues.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const vault = makeVault({ bucket, client: s3 });
  const scheduling = await startScheduling();
  const erasing: string[] = [];
  const logged: { message: string; facts: unknown }[] = [];
  const note = (message: string, facts?: unknown) => {
    logged.push({ message, facts });
  };
  const sending: {
    queue: Pick<WorkQueue, 'send'>;
    outcomes: Outcomes;
    restores: Pick<WorkQueue, 'send'>;
    verifications: Pick<WorkQueue, 'send'>;
  } = { queue, outcomes, restores: restoreQueue, verifications: verificationQueue };
  const restoreQueues = new Map<string, Pick<WorkQueue, 'send'>>(
    ['main', 'second'].map((source) => [
      source,
      { send: (message) => sending.restores.send(message) },
    ]),
  );
  const retentionBySource = new Map<string, RetentionSettings>();
  const api: Api = {
    settings: {
      environment: 'test',
      exportDefaults: exportSettings.parse({}),
      retention: classDays.parse({}),
      retentionBySource,
      bucket,
      verification: { compare: 'counts' },
      sources: ['main', 'second'],
      restoreFrom: new Map([
        ['main', []],
        ['second', ['main']],
      ]),
      lookUpMs: 20_000,
    },
    ports: {
      history: stored.history,
      runs: stored.runs,
      registry: stored.registry,
      restores: makeRestores(stored.access),
      verifications: makeVerifications(stored.access),
      erasures: makeErasures(stored.access),
      eraser: {
        start: async (projectId) => {
          const failure = down.get('eraser');
          if (failure) throw failure;
          erasing.push(projectId);
        },
      },
      retentionPolicies: makeRetentionPolicies(stored.access),
      schedules: makeSchedules(scheduling),
      firings: makeFirings(stored.access),
      vault,
      rounds: makeVaultRounds(stored.access),
      positions: makeQueuePositions(stored.access),
      manifestKeys: TEST_KEY,
      functions,
      queues: new Map(
        ['main', 'second'].map((source) => [
          source,
          { send: (messages) => sending.queue.send(messages) },
        ]),
      ),
      restoreQueues,
      verificationQueue: { send: (message) => sending.verifications.send(message) },
      outcomes: { send: (message) => sending.outcomes.send(message) },
      clock: stored.access.clock,
      log: { info: note, warn: note, error: note },
    },
  };
  const handle = middy(serve(api)).use(problemDetails(api.ports));
  const call = async (method: string, url: string, options: Call = {}): Promise<Reply> => {
    const event = eventOf(method, url, options);
    const result = await handle(event, {} as Context);
    const reply: Reply = {
      status: result.statusCode,
      headers: result.headers ?? {},
      text: result.body,
      json: /json/.test(String(result.headers?.['content-type']))
        ? JSON.parse(result.body)
        : undefined,
    };
    checkContract(method, event.resource, reply);
    return reply;
  };
  return {
    ...stored,
    api,
    listings,
    down,
    plans,
    lookups,
    logged,
    sending,
    vault,
    restoreQueues,
    retentionBySource,
    restoring: () => queues.bodies(`restores-${tag}.fifo`),
    verifying: () => queues.bodies(`verifications-${tag}.fifo`),
    /** Stores a text under the key of a backup's manifest. */
    putManifest: (backup: Pick<Backup, 'fileId'>, text: string) =>
      s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: manifestKeyBeside(backup.fileId ?? ''),
          Body: Buffer.from(text),
        }),
      ),
    sent: () => queues.bodies(`exports-${tag}.fifo`),
    reported: () => queues.bodies(`outcomes-${tag}`),
    get: (url: string, options?: Call) => call('GET', url, options),
    put: (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      call('PUT', url, {
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', ...headers },
      }),
    remove: (url: string) => call('DELETE', url),
    post: (url: string, body?: unknown, options: Call = {}) =>
      call('POST', url, {
        ...(body !== undefined && {
          body: typeof body === 'string' ? body : JSON.stringify(body),
          headers: { 'Content-Type': 'application/json', ...options.headers },
        }),
        ...(body === undefined && options),
      }),
    call,
    scheduling,
    /** Projects whose erasing was started. */
    erasing,
    stop: async () => {
      s3.destroy();
      await scheduling.stop();
    },
  };
};
export type TestApi = Awaited<ReturnType<typeof startApi>>;

/** The reply is problem details of this status, and shows no internals. */
export const expectProblem = (
  reply: { status: number; headers: unknown; json: unknown },
  status: number,
) => {
  expect(reply.status).toBe(status);
  expect(reply.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  });
  expect(reply.json).toMatchObject({
    type: expect.stringMatching(/^urn:larder:docs\/errors\.md#[a-z]+$/),
    code: expect.any(String),
    title: expect.any(String),
    status,
    detail: expect.any(String),
    instance: expect.stringMatching(/^urn:uuid:/),
  });
  expect(JSON.stringify(reply.json)).not.toMatch(/\bat .*\.ts|node_modules|stack/);
};
