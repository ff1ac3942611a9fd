import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeCompressor } from '../../adapters/compression/compressor.ts';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeErasures } from '../../adapters/dynamodb/erasures.ts';
import { makeFirings } from '../../adapters/dynamodb/firings.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { makeVaultRounds } from '../../adapters/dynamodb/vault-rounds.ts';
import { makeProjectSource } from '../../adapters/postgres/projects/project-source.ts';
import { makeSnapshotSource } from '../../adapters/postgres/snapshot/snapshot.ts';
import { makeVault } from '../../adapters/s3/vault.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { makeExportQueue, makeVerificationQueue } from '../../adapters/sqs/work-queue.ts';
import type { Backup } from '../../core/backup.ts';
import { VAULT } from '../../core/contract.ts';
import type { History } from '../../core/history-ports.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import type { Disposition } from '../../core/leased-work/work-message.ts';
import type { Clock } from '../../core/ports.ts';
import {
  type ExportSettings,
  exportSettings,
  type SourceSettings,
  sourceSettings,
} from '../../core/settings.ts';
import type { Vault } from '../../core/vault-ports.ts';
import { verificationSettings } from '../../core/verification.ts';
import { exportBackup } from '../../functions/export/export-backup.ts';
import type { ExportOptions, ExportPorts } from '../../functions/export/ports.ts';
import { type SweepReport, sweep } from '../../functions/sweep/sweep.ts';
import { requestedBackup, silent } from '../support/backups.ts';
import type { Meddle } from '../support/http-proxy.ts';
import { jobRows } from '../support/jobs.ts';
import { TEST_KEY } from '../support/manifest-keys.ts';
import { clientRoot, PASSWORD } from '../support/postgres.ts';
import { BACKUP_ROLE } from '../support/roles.ts';
import type { Room } from './room.ts';

/** A separate larder in a room: table, bucket, queues and a source, with faults between them and the worker. */
export interface Bench {
  readonly room: Room;
  readonly ports: ExportPorts;
  readonly options: ExportOptions;
  readonly table: string;
  readonly bucket: string;
  readonly exportsUrl: string;
  readonly outcomesUrl: string;
  /** As all but the worker reach them: without faults. */
  readonly vault: Vault;
  historyAt(clock: Clock): History;
  request(projectId: string, given?: Partial<Backup>): Promise<Backup>;
  row(backup: Backup): Promise<Backup>;
  /** Delivers the backup's message; a worker that throws leaves it in its queue. */
  deliver(backup: Backup, how?: Delivery): Promise<Disposition<Backup>>;
  /** Delivers it repeatedly, each time after the last lease has expired, until the row is final. */
  settle(backup: Backup): Promise<void>;
  /** One sweep, so many milliseconds from now. */
  sweepAfter(ms: number): Promise<SweepReport>;
  /** Bodies of the messages that report outcomes, and of those that request exports. */
  outcomes(): readonly unknown[];
  requests(): readonly unknown[];
}

export interface Delivery {
  /** So many milliseconds from now, by the worker's clock. */
  readonly after?: number;
  readonly remainingMs?: number;
  readonly ports?: Partial<ExportPorts>;
}

export interface BenchOptions {
  /** Faults between the worker and S3, DynamoDB, SQS. */
  readonly s3?: Meddle;
  readonly history?: Meddle;
  readonly sqs?: Meddle;
  /** A network's port instead of PostgreSQL's own. */
  readonly port?: number;
  readonly user?: string;
  /** A shell script instead of pg_dump. */
  readonly pgDump?: string;
  readonly settings?: Partial<ExportSettings>;
  readonly source?: Partial<SourceSettings>;
  /** Milliseconds to wait for an answer of S3, and how often a call is tried. */
  readonly patience?: number;
  readonly tries?: number;
}

const CLIENT = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};
const MINUTE = 60_000;
/** Calls that the worker's DynamoDB client makes before it gives up. */
export const DYNAMODB_TRIES = 3;

let benches = 0;

export const openBench = async (room: Room, given: BenchOptions = {}): Promise<Bench> => {
  benches += 1;
  const number = benches;
  const { tables, queues, store } = room;
  const through = async (url: string, meddle?: Meddle) =>
    meddle ? (await room.before(url, meddle)).url : url;
  const s3Of = async (meddle?: Meddle) =>
    new S3Client({
      ...CLIENT,
      endpoint: await through(store.url, meddle),
      forcePathStyle: true,
      maxAttempts: given.tries ?? 3,
      requestHandler: { requestTimeout: given.patience ?? 60_000, throwOnRequestTimeout: true },
    });
  const sqs = new SQSClient({ ...CLIENT, endpoint: await through(queues.endpoint, given.sqs) });
  const dynamodb = makeTableClient(
    new DynamoDBClient({
      ...CLIENT,
      endpoint: await through(tables.endpoint, given.history),
      maxAttempts: DYNAMODB_TRIES,
      requestHandler: { requestTimeout: 3000, throwOnRequestTimeout: true },
    }),
  );
  const bucket = `vault-${number}`;
  await store.createBucket(bucket);
  const table = await tables.newTable();
  const names = {
    exports: `exports-${number}.fifo`,
    outcomes: `outcomes-${number}`,
    verifications: `verifications-${number}.fifo`,
  };
  const exportsUrl = queues.newQueue(names.exports, { VisibilityTimeout: '960' });
  const outcomesUrl = queues.newQueue(names.outcomes);
  const verificationsUrl = queues.newQueue(names.verifications);
  const settings = sourceSettings.parse({
    name: 'main',
    host: '127.0.0.1',
    port: given.port ?? room.postgres.port,
    database: room.database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    tls: 'disable',
    ...given.source,
  });
  const access = {
    settings,
    credentials: async () => ({ user: given.user ?? BACKUP_ROLE, password: PASSWORD }),
  };
  const programRoots = [given.pgDump ? await room.programs(given.pgDump) : await clientRoot()];
  const vault = makeVault({ bucket, client: await s3Of(), signer: TEST_KEY });
  const historyAt = (clock: Clock) => makeHistory({ table, client: tables.client, clock });
  const workersHistory = (clock: Clock) => makeHistory({ table, client: dynamodb, clock });
  const queue = makeExportQueue({ url: exportsUrl, client: sqs });
  const ports: ExportPorts = {
    history: workersHistory(Date.now),
    vault: makeVault({ bucket, client: await s3Of(given.s3), signer: TEST_KEY }),
    manifestKey: TEST_KEY,
    projects: makeProjectSource(access),
    snapshots: makeSnapshotSource({ ...access, programRoots, stack: table }),
    // These messages were never in a queue: what matters is whether the call itself fails.
    queue: given.sqs ? queue : { hide: async () => undefined },
    outcomes: makeOutcomes({ url: outcomesUrl, client: sqs }),
    verifications: makeVerifications({ table, client: dynamodb, clock: Date.now }),
    verificationQueue: makeVerificationQueue({ url: verificationsUrl, client: sqs }),
    compressor: makeCompressor([await clientRoot()]),
    clock: Date.now,
    log: silent,
  };
  const options: ExportOptions = {
    settings: exportSettings.parse({ ...given.settings }),
    verification: verificationSettings.parse({ which: 'none' }),
    keyTemplate: VAULT.defaultKeyTemplate,
    environment: 'test',
    larderVersion: 'test',
  };
  const history = historyAt(Date.now);
  const row = async ({ projectId, id }: Backup): Promise<Backup> => {
    const found = await history.get(projectId, id);
    if (!found) throw new Error('the row is gone');
    return found;
  };
  const deliver = async (backup: Backup, how: Delivery = {}): Promise<Disposition<Backup>> => {
    const clock = () => Date.now() + (how.after ?? 0);
    try {
      return await exportBackup(
        { ...ports, history: workersHistory(clock), clock, ...how.ports },
        options,
        {
          projectId: backup.projectId,
          id: backup.id,
          receiptHandle: 'none',
          remainingMs: how.remainingMs ?? 900_000,
        },
      );
    } catch (error) {
      return { message: 'again', error };
    }
  };
  return {
    room,
    ports,
    options,
    table,
    bucket,
    exportsUrl,
    outcomesUrl,
    vault,
    historyAt,
    request: async (projectId, more = {}) => {
      const backup = requestedBackup(projectId, more);
      await history.create(backup);
      return backup;
    },
    row,
    deliver,
    settle: async (backup) => {
      for (let delivery = 0; delivery < 6; delivery += 1) {
        if (isFinal((await row(backup)).status)) return;
        await deliver(backup, { after: delivery * 130_000 });
      }
    },
    sweepAfter: async (ms) => {
      const clock = () => Date.now() + ms;
      const at = { table, client: tables.client, clock };
      return await sweep(
        {
          history: makeHistory(at),
          runs: makeRuns(at),
          schedules: [],
          firings: makeFirings(at),
          rounds: makeVaultRounds(at),
          vault,
          outcomes: makeOutcomes({ url: outcomesUrl, client: queues.client }),
          functions: { startPlan: async () => undefined },
          queues: new Map([['main', makeExportQueue({ url: exportsUrl, client: queues.client })]]),
          ...jobRows(at),
          restoreQueues: new Map(),
          verificationQueue: { send: async () => [], depth: async () => 0 },
          erasures: makeErasures(at),
          eraser: { start: async () => undefined },
          keyTemplate: options.keyTemplate,
          clock,
          log: silent,
        },
        () => 10 * MINUTE,
      );
    },
    outcomes: () => queues.bodies(names.outcomes),
    requests: () => queues.bodies(names.exports),
  };
};
