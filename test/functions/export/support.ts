import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { makeCompressor } from '../../../adapters/compression/compressor.ts';
import { makeHistory } from '../../../adapters/dynamodb/history.ts';
import { makeVerifications } from '../../../adapters/dynamodb/jobs.ts';
import { makeFreshTemplate } from '../../../adapters/postgres/engine/fresh-template.ts';
import type { TemplateOf } from '../../../adapters/postgres/engine/template.ts';
import { makeProjectSource } from '../../../adapters/postgres/projects/project-source.ts';
import { makeSnapshotSource } from '../../../adapters/postgres/snapshot/snapshot.ts';
import { makeVault } from '../../../adapters/s3/vault.ts';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import { makeVerificationQueue } from '../../../adapters/sqs/work-queue.ts';
import type { Backup } from '../../../core/backup.ts';
import { VAULT } from '../../../core/contract.ts';
import type { History } from '../../../core/history-ports.ts';
import type { Disposition } from '../../../core/leased-work/work-message.ts';
import type { Clock, Log } from '../../../core/ports.ts';
import { exportSettings, type SourceSettings, sourceSettings } from '../../../core/settings.ts';
import { verificationSettings } from '../../../core/verification.ts';
import { exportBackup } from '../../../functions/export/export-backup.ts';
import type { ExportOptions, ExportPorts } from '../../../functions/export/ports.ts';
import { requestedBackup } from '../../support/backups.ts';
import { TEST_KEY } from '../../support/manifest-keys.ts';
import { clientRoot, PASSWORD, type Postgres } from '../../support/postgres.ts';
import { type Queues, startQueues } from '../../support/queues.ts';
import { BACKUP_ROLE } from '../../support/roles.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { PROJECT_QUERY } from './schemas.ts';

/** The emulators that exports need, started once for a test file. */
export interface Services {
  readonly tables: Tables;
  readonly queues: Queues;
  readonly s3: S3Client;
  stop(): Promise<void>;
}

export const startServices = async (): Promise<Services> => {
  const tables = await startTables();
  const queues = await startQueues();
  const s3 = new S3Client({
    endpoint: queues.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 2,
  });
  return {
    tables,
    queues,
    s3,
    stop: async () => {
      s3.destroy();
      await queues.stop();
      await tables.stop();
    },
  };
};

export const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A separate larder on the shared services: a table, a bucket, queues, and a source with one project query. */
export interface Bench {
  readonly ports: ExportPorts;
  readonly options: ExportOptions;
  readonly bucket: string;
  readonly table: string;
  /** The same rows, read and written at another time. */
  historyAt(clock: Clock): History;
  /** Writes a pending row for a project. */
  request(projectId: string, given?: Partial<Backup>): Promise<Backup>;
  /** Exports it, as its message would; other ports replace the harness's own. */
  run(
    backup: Backup,
    remainingMs?: number,
    ports?: Partial<ExportPorts>,
  ): Promise<Disposition<Backup>>;
  /** The row as it is now. */
  row(backup: Backup): Promise<Backup>;
  /** Keys in the vault, of objects and of unfinished uploads. */
  leftInVault(): Promise<{ objects: string[]; uploads: string[] }>;
  outcomes(): readonly unknown[];
}

export interface BenchOptions {
  readonly database: string;
  readonly user?: string;
  readonly port?: number;
  /** Custom programs instead of the client layer's. */
  readonly programRoot?: string;
  readonly source?: Partial<SourceSettings>;
  readonly settings?: Partial<ExportOptions['settings']>;
  /** `which` is `none` by default. */
  readonly verification?: Partial<ExportOptions['verification']>;
  readonly ports?: Partial<ExportPorts>;
  /** Templates of the engine otherwise than fresh ones. */
  readonly templateOf?: (fresh: TemplateOf) => TemplateOf;
}

let benches = 0;

export const openBench = async (
  { tables, queues, s3 }: Services,
  postgres: Postgres,
  given: BenchOptions,
): Promise<Bench> => {
  benches += 1;
  const bucket = `vault-${benches}`;
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const outcomesName = `outcomes-${benches}`;
  const outcomesUrl = queues.newQueue(outcomesName);
  const settings = sourceSettings.parse({
    name: 'main',
    host: '127.0.0.1',
    port: given.port ?? postgres.port,
    database: given.database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    tls: 'disable',
    projectQuery: PROJECT_QUERY,
    ...given.source,
  });
  const credentials = async () => ({ user: given.user ?? BACKUP_ROLE, password: PASSWORD });
  const programRoots = [given.programRoot ?? (await clientRoot())];
  const access = { settings, credentials };
  const table = await tables.newTable();
  const historyAt = (clock: Clock) => makeHistory({ table, client: tables.client, clock });
  const history = historyAt(Date.now);
  const ports: ExportPorts = {
    history,
    vault: makeVault({ bucket, client: s3, signer: TEST_KEY }),
    manifestKey: TEST_KEY,
    projects: makeProjectSource(access),
    snapshots: makeSnapshotSource({
      ...{ ...access, programRoots },
      ...(given.templateOf && {
        templateOf: given.templateOf(makeFreshTemplate({ ...access, programRoots })),
      }),
    }),
    // These messages were never in a queue, so there is nothing to hide.
    queue: { hide: async () => undefined },
    outcomes: makeOutcomes({ url: outcomesUrl, client: queues.client }),
    verifications: makeVerifications({ table, client: tables.client, clock: Date.now }),
    verificationQueue: makeVerificationQueue({
      url: queues.newQueue(`verifications-${benches}.fifo`),
      client: queues.client,
    }),
    compressor: makeCompressor(programRoots),
    clock: Date.now,
    log: silent,
    ...given.ports,
  };
  const options: ExportOptions = {
    settings: exportSettings.parse({ ...given.settings }),
    verification: verificationSettings.parse({ which: 'none', ...given.verification }),
    keyTemplate: VAULT.defaultKeyTemplate,
    environment: 'test',
    larderVersion: 'test',
  };
  const vault = makeVault({ bucket, client: s3 });
  return {
    ports,
    options,
    bucket,
    table,
    historyAt,
    request: async (projectId, more = {}) => {
      const backup = requestedBackup(projectId, more);
      await history.create(backup);
      return backup;
    },
    run: (backup, remainingMs = 900_000, instead = {}) =>
      exportBackup({ ...ports, ...instead }, options, {
        projectId: backup.projectId,
        id: backup.id,
        receiptHandle: 'none',
        remainingMs,
      }),
    row: async (backup) => {
      const row = await history.get(backup.projectId, backup.id);
      if (!row) throw new Error('the row is gone');
      return row;
    },
    leftInVault: async () => {
      const objects: string[] = [];
      for await (const { key } of vault.list('')) objects.push(key);
      const uploads: string[] = [];
      for await (const { key } of vault.uploads('')) uploads.push(key);
      return { objects, uploads };
    },
    outcomes: () => queues.bodies(outcomesName),
  };
};
