import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import pg from 'pg';
import * as z from 'zod';
import { makeHistory } from '../../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../../adapters/dynamodb/jobs.ts';
import { inPart, rowOf } from '../../../adapters/dynamodb/rows.ts';
import { makeRuns } from '../../../adapters/dynamodb/runs.ts';
import type { Backup } from '../../../core/backup.ts';
import { sha256Hex } from '../../../core/ids.ts';
import type { OpenState } from '../../../core/leased-work/store.ts';
import type { RouteSpec } from '../../../core/routes.ts';
import config from '../../../larder.config.ts';
import { type Config, checkConfig } from '../../../lib/config.ts';
import { type PreparedDatabase, prepareDemo } from '../../../local/database/prepare.ts';
import { fileOfKey } from '../../../local/emulators/s3/objects.ts';
import type { StartEmulators } from '../../../local/stack/emulators.ts';
import { type LocalStack, startStack } from '../../../local/stack.ts';
import { localConfig, restoreSecretArnOf, secretArnOf } from '../../../local/start/config.ts';
import { ofType, readDocument } from '../../../local/template/document.ts';
import { nameOf } from '../../../local/template/resolve.ts';
import { synthesizeApart } from '../../../local/template/synthesis.ts';
import { removeFolder } from './start.ts';

/** Larder puts it before the ids of the demo's projects. */
export const PREFIX = 'shop-';

/** The stack of `npm start` with its demo, in the test's own process, and what its operator can do to it. */
export interface RunningStack {
  readonly stack: LocalStack;
  readonly s3: S3Client;
  readonly document: DynamoDBDocumentClient;
  readonly history: ReturnType<typeof makeHistory>;
  readonly restores: ReturnType<typeof makeRestores>;
  readonly verifications: ReturnType<typeof makeVerifications>;
  readonly runs: ReturnType<typeof makeRuns>;
  readonly problems: readonly string[];
  readonly bucket: string;
  readonly table: string;
  /** Where unfinished uploads have their parts. */
  readonly uploadsFolder: string;
  /** Asks the API. */
  ask(method: RouteSpec['method'], at: string, body?: object): Promise<Answer>;
  /**
   * Asks until the answer's status is final.
   * @throws Error if it is refused
   */
  untilEnded(at: string): Promise<Answer>;
  /** Puts a message into the queue whose logical id has this prefix. */
  send(queue: string, message: unknown): Promise<void>;
  /** Writes a backup's row as it is, open in a state or ended. */
  putBackup(backup: Backup, state?: OpenState): Promise<void>;
  /** As the database's superuser. */
  sql(text: string): Promise<pg.QueryResult>;
  stop(): Promise<void>;
}

const answer = z.looseObject({
  id: z.string().optional(),
  status: z.union([z.string(), z.number()]).optional(),
  links: z.record(z.string(), z.string()).optional(),
});
export type Answer = z.output<typeof answer> & { readonly http: number };

const FINAL = ['completed', 'failed', 'cancelled', 'deleted'];

/** Puts objects into the vault of a stack that has not started yet, as if they had been there for long. */
const putOldObjects = async (
  vault: string,
  bucket: string,
  keys: readonly string[],
): Promise<void> => {
  const metadata = path.join(vault, '.metadata', bucket);
  await mkdir(metadata, { recursive: true });
  for (const key of keys) {
    const file = path.join(vault, bucket, fileOfKey(key));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, 'old');
    const facts = { key, file: fileOfKey(key), size: 3, etag: '"old"', contentType: 'text/plain' };
    const object = { ...facts, lastModified: '2026-01-01T00:00:00.000Z' };
    await writeFile(path.join(metadata, `${sha256Hex(key)}.json`), JSON.stringify(object));
  }
};

const NO_PROJECTS =
  'SELECT id, name, id AS schema_name, status FROM control_plane.projects WHERE false';

/**
 * Of several sources with prefixes, IAM holds each one's functions to its own projects. The other one has none. The engine keeps templates in
 * the vault.
 */
const withTwoSources = ({ sources, ...local }: Config): Config =>
  checkConfig({
    ...local,
    export: { ...local.export, engine: 'larder' },
    sources: sources.flatMap(({ restore: own, ...source }) => [
      { ...source, ...(own && { restore: own }), idPrefix: PREFIX },
      { ...source, name: 'other', idPrefix: 'other-', projectQuery: NO_PROJECTS },
    ]),
  });

export interface RunningOptions {
  /** Keys of objects that are in the vault from the beginning. */
  readonly oldObjects?: readonly string[];
  /** Others than those of `npm start`. */
  readonly emulators?: StartEmulators;
}

export const startRunningStack = async ({
  oldObjects = [],
  emulators,
}: RunningOptions = {}): Promise<RunningStack> => {
  const temporary = await mkdtemp('/var/tmp/larder-running-');
  // The embedded server runs as another user, which must be able to enter.
  await chmod(temporary, 0o755);
  const dataDir = path.join(temporary, 'data');
  const temporaryFolder = path.join(temporary, 'tmp');
  await mkdir(temporaryFolder);
  await mkdir(path.join(dataDir, 'logs'), { recursive: true });
  const database: PreparedDatabase = await prepareDemo({
    dataDir,
    temporaryFolder,
    extensions: [],
    onProgress: () => undefined,
    onLeftover: () => undefined,
  });
  const local = withTwoSources(localConfig(checkConfig(config), database.source));
  const [synthesized, secrets] = await Promise.all([
    synthesizeApart(local, { folder: path.join(temporary, 'stack'), temporaryFolder }),
    database.ready,
  ]);
  const assembly = await readDocument(synthesized);
  for (const [id] of ofType(assembly, 'AWS::S3::Bucket'))
    await putOldObjects(path.join(dataDir, 'vault'), nameOf(assembly, id), oldObjects);
  const problems: string[] = [];
  const { name } = database.source;
  const stack = await startStack({
    synthesized,
    dataDir,
    temporaryFolder,
    secrets: new Map([
      [secretArnOf(name), secrets.backup],
      [restoreSecretArnOf(name), secrets.restore ?? ''],
    ]),
    postgresRoots: database.postgresRoots,
    ...(emulators && { emulators }),
    port: 0,
    retryDelaysMs: [10, 10],
    onProblem: (problem) => problems.push(problem),
  });
  return operate(stack, database, dataDir, problems, temporary);
};

const operate = (
  stack: LocalStack,
  database: PreparedDatabase,
  dataDir: string,
  problems: readonly string[],
  temporary: string,
): RunningStack => {
  const { endpoints, credentials, model, apiUrl, apiToken } = stack;
  const common = { region: 'us-east-1', credentials };
  const s3 = new S3Client({ ...common, endpoint: endpoints.s3, forcePathStyle: true });
  const sqs = new SQSClient({ ...common, endpoint: endpoints.sqs });
  const dynamodb = new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb });
  const document = DynamoDBDocumentClient.from(dynamodb, {
    marshallOptions: { removeUndefinedValues: true },
  });
  const table = model.tables[0]?.name ?? '';
  const access = { table, client: document, clock: Date.now };
  const ask = async (method: RouteSpec['method'], at: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${apiUrl}${at}`, {
      method,
      headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
      ...((method === 'POST' || body) && { body: JSON.stringify(body ?? {}) }),
    });
    const text = await response.text();
    const parsed = text.startsWith('{') ? answer.parse(JSON.parse(text)) : {};
    return { ...parsed, http: response.status };
  };
  return {
    stack,
    s3,
    document,
    history: makeHistory(access),
    restores: makeRestores(access),
    verifications: makeVerifications(access),
    runs: makeRuns(access),
    problems,
    bucket: model.buckets[0]?.name ?? '',
    table,
    uploadsFolder: path.join(dataDir, 'vault', '.uploads'),
    ask,
    untilEnded: async (at) => {
      for (;;) {
        const shown = await ask('GET', at);
        if (shown.http !== 200) throw new Error(`${at}: ${JSON.stringify(shown)}`);
        if (FINAL.includes(String(shown.status))) return shown;
        await wait(200);
      }
    },
    send: async (queue, message) => {
      const found = model.queues.filter(({ id }) => id.startsWith(queue));
      const [{ name, attributes } = { name: '', attributes: {} }] = found;
      if (found.length !== 1) throw new Error(`${found.length} queues are called ${queue}`);
      const isFifo = 'FifoQueue' in attributes;
      await sqs.send(
        new SendMessageCommand({
          QueueUrl: `${endpoints.sqs}/000000000000/${name}`,
          MessageBody: typeof message === 'string' ? message : JSON.stringify(message),
          ...(isFifo && {
            MessageGroupId: crypto.randomUUID(),
            MessageDeduplicationId: crypto.randomUUID(),
          }),
        }),
      );
    },
    putBackup: async (backup, state) => {
      const Item = { ...rowOf(backup), ...(state && inPart(backup.projectId, state)) };
      await document.send(new PutCommand({ TableName: table, Item }));
    },
    sql: async (text) => {
      const { PGHOST = '', PGPORT = '', PGUSER = '', PGPASSFILE = '' } = database.superuser ?? {};
      const [, , , , password = ''] = (await readFile(PGPASSFILE, 'utf8')).trim().split(':');
      const client = new pg.Client({
        host: PGHOST,
        port: Number(PGPORT),
        user: PGUSER,
        password,
        database: database.source.database,
      });
      await client.connect();
      try {
        return await client.query(text);
      } finally {
        await client.end();
      }
    },
    stop: async () => {
      await stack.stop(0);
      for (const client of [s3, sqs, dynamodb]) client.destroy();
      await database.stop();
      await removeFolder(temporary);
    },
  };
};
