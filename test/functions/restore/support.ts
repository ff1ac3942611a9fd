import { makeRegistry } from '../../../adapters/dynamodb/registry.ts';
import { readNaming } from '../../../adapters/postgres/archive/entries-naming-live.ts';
import { readOwnCode } from '../../../adapters/postgres/archive/own-code.ts';
import { makeArchiveReader } from '../../../adapters/postgres/programs/archive-reader.ts';
import { makeRestoreServer } from '../../../adapters/postgres/restore/restore-server.ts';
import { makeVaultReader } from '../../../adapters/s3/read.ts';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import type { Backup } from '../../../core/backup.ts';
import type { Disposition } from '../../../core/leased-work/work-message.ts';
import type { Restore } from '../../../core/restore.ts';
import { classDays } from '../../../core/retention/policy.ts';
import {
  type ExportSettings,
  exportSettings,
  restoreSettings,
  type SourceSettings,
  sourceSettings,
} from '../../../core/settings.ts';
import type { RestoreOptions, RestorePorts } from '../../../functions/restore/ports.ts';
import { restoreBackup } from '../../../functions/restore/restore-backup.ts';
import { jobRows, restoreRow } from '../../support/jobs.ts';
import { TEST_KEY } from '../../support/manifest-keys.ts';
import { clientRoot, PASSWORD, type Postgres } from '../../support/postgres.ts';
import { roleScript } from '../../support/roles.ts';
import { PROJECT_QUERY } from '../export/schemas.ts';
import { type Bench, openBench, type Services, silent } from '../export/support.ts';

/** The role of docs/roles.md for restores: the tests restore as this role, never as a superuser. */
export const RESTORE_ROLE = 'larder_restore';

/** Creates a database whose tenants belong to `app_owner`, and the role of docs/roles.md that may restore into it. */
export const newDatabase = async (postgres: Postgres, setup: string): Promise<string> => {
  const database = await postgres.database();
  await postgres.sql(
    `DO $$ BEGIN CREATE ROLE app_owner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     DO $$ BEGIN GRANT CREATE ON DATABASE "${database}" TO app_owner; END $$;
     GRANT CREATE, USAGE ON SCHEMA public TO app_owner;
     SET ROLE app_owner; ${setup}; RESET ROLE`,
    database,
  );
  const script = roleScript('restore', PASSWORD).replace(
    /^CREATE ROLE .*;$/m,
    (create) => `DO $made$ BEGIN ${create} EXCEPTION WHEN duplicate_object THEN NULL; END $made$;`,
  );
  await postgres.sql(script, database);
  return database;
};

export interface Room {
  readonly bench: Bench;
  readonly ports: RestorePorts;
  readonly options: RestoreOptions;
  /** Of its source. */
  readonly settings: SourceSettings;
  readonly rows: ReturnType<typeof jobRows>;
  /** A completed backup of the project. */
  backup(projectId: string, given?: Partial<Backup>): Promise<Backup>;
  /** Requests a restore and runs it, as its message would. Returns the row afterwards. */
  restore(
    backup: Backup,
    given?: Partial<Restore>,
    ports?: Partial<RestorePorts>,
  ): Promise<{ row: Restore; disposition: Disposition<Restore> }>;
  /** Delivers its message again. */
  again(row: Restore, ports?: Partial<RestorePorts>): Promise<Restore>;
  schemas(): Promise<string[]>;
  sql(text: string): ReturnType<Postgres['sql']>;
}

/** A larder with one source, and its restore function. */
export const openRoom = async (
  services: Services,
  postgres: Postgres,
  database: string,
  source: Partial<SourceSettings>,
  more: Partial<RestorePorts> = {},
  exports: Partial<ExportSettings> = {},
): Promise<Room> => {
  const bench = await openBench(services, postgres, { database, source, settings: exports });
  const access = {
    table: bench.table,
    client: services.tables.client,
    clock: Date.now,
  };
  const rows = jobRows(access);
  const settings = sourceSettings.parse({
    name: 'main',
    host: '127.0.0.1',
    port: postgres.port,
    database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:y' },
    tls: 'disable',
    projectQuery: PROJECT_QUERY,
    ...source,
  });
  const credentials = async () => ({ user: RESTORE_ROLE, password: PASSWORD });
  const programRoots = [await clientRoot()];
  const outcomes = `restore-outcomes-${bench.bucket}`;
  const ports: RestorePorts = {
    restores: rows.restores,
    history: bench.ports.history,
    registry: makeRegistry(access),
    vault: makeVaultReader({ bucket: bench.bucket, client: services.s3 }),
    manifestKeys: TEST_KEY,
    archives: makeArchiveReader(programRoots),
    readNaming,
    readOwnCode,
    server: makeRestoreServer({ settings, credentials, stack: access.table }),
    queue: { hide: async () => undefined },
    // What a swap requests is exported at once, as its own worker would.
    exports: {
      send: async (refs) => {
        for (const { projectId, id } of refs) {
          const row = await bench.ports.history.get(projectId, id);
          if (row) await bench.run(row);
        }
        return [];
      },
    },
    outcomes: makeOutcomes({
      url: services.queues.newQueue(outcomes),
      client: services.queues.client,
    }),
    clock: Date.now,
    log: silent,
    ...more,
  };
  const options: RestoreOptions = {
    settings: restoreSettings.parse({}),
    exportDefaults: exportSettings.parse({}),
    retention: classDays.parse({}),
    environment: 'test',
    lookEveryMs: 20,
  };
  const deliver = (row: Restore, instead: Partial<RestorePorts> = {}) =>
    restoreBackup({ ...ports, ...instead }, options, {
      projectId: row.projectId,
      id: row.id,
      receiptHandle: 'none',
      remainingMs: 900_000,
    });
  const rowOf = async ({ projectId, id }: Restore): Promise<Restore> => {
    const row = await rows.restores.get(projectId, id);
    if (!row) throw new Error('the row is gone');
    return row;
  };
  return {
    bench,
    ports,
    options,
    settings,
    rows,
    backup: async (projectId, given) => {
      const asked = await bench.request(projectId, given);
      await bench.run(asked);
      const row = await bench.row(asked);
      if (row.status !== 'completed') throw new Error(JSON.stringify(row.error));
      return row;
    },
    restore: async (backup, given = {}, instead = {}) => {
      const asked = restoreRow(Date.now(), {
        projectId: backup.projectId,
        projectName: backup.projectName,
        schemaName: backup.schemaName,
        backupId: backup.id,
        ...given,
      });
      await rows.restores.create(asked);
      const disposition = await deliver(asked, instead);
      return { row: await rowOf(asked), disposition };
    },
    again: async (row, instead) => {
      await deliver(row, instead);
      return await rowOf(row);
    },
    schemas: async () => {
      const found = await postgres.sql(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public$)' ORDER BY 1",
        database,
      );
      return found.rows.map(({ nspname }: { nspname: string }) => nspname);
    },
    sql: (text) => postgres.sql(text, database),
  };
};
