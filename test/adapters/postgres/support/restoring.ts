import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { makeCompressor } from '../../../../adapters/compression/compressor.ts';
import { makeArchiveReader } from '../../../../adapters/postgres/programs/archive-reader.ts';
import { makeRestoreServer } from '../../../../adapters/postgres/restore/restore-server.ts';
import { makeSnapshotSource } from '../../../../adapters/postgres/snapshot/snapshot.ts';
import { type Compression, type Content, type Format, iso } from '../../../../core/backup.ts';
import { encodingOf } from '../../../../core/formats.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import { type Manifest, manifest as manifestSchema, tableKey } from '../../../../core/manifest.ts';
import type { RestoringProject } from '../../../../core/ownership.ts';
import { sharedProjectId } from '../../../../core/project.ts';
import type { SchemaPlace } from '../../../../core/restore.ts';
import type {
  Loaded,
  LoadRequest,
  MarkerSecret,
  PreflightRequest,
  RenameOptions,
  RestoreServer,
} from '../../../../core/restore-ports.ts';
import { sourceSettings } from '../../../../core/settings.ts';
import { checkWrittenBack } from '../../../support/archives.ts';
import { clientRoot, PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { BACKUP_ROLE, roleScript } from '../../../support/roles.ts';

/** The role of docs/roles.md for restores: the tests restore as this role, never as a superuser. */
export const RESTORE_ROLE = 'larder_restore';
/** The owner of the tenants. */
export const OWNER = 'app_owner';

/** A database whose tenants belong to `app_owner`, created by `setup` as that role, and the role that may restore into it. */
export const newDatabase = async (postgres: Postgres, setup: string): Promise<string> => {
  const database = await postgres.database();
  await postgres.sql(
    `DO $$ BEGIN CREATE ROLE ${OWNER} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     GRANT CREATE ON DATABASE ${database} TO ${OWNER};
     SET ROLE ${OWNER}; ${setup}; RESET ROLE`,
    database,
  );
  const { rows } = await postgres.sql(`SELECT FROM pg_roles WHERE rolname = '${RESTORE_ROLE}'`);
  const script = roleScript('restore', PASSWORD);
  await postgres.sql(rows.length ? script.replace(/^CREATE ROLE .*$/m, '') : script, database);
  return database;
};

/** Schemas that were backed up, which grows with each. */
const OWN_SCHEMAS = new Set(['acme']);
/** The project that has all of them. */
const PROJECT: RestoringProject = {
  id: sharedProjectId('main'),
  home: 'main',
  registered: [],
  nameChosen: false,
  isShared: true,
};

const settingsOf = (port: number, database: string) =>
  sourceSettings.parse({
    name: 'main',
    host: '127.0.0.1',
    port,
    database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    tls: 'disable',
    // There is no project list here: everything in the backups belongs to one project.
    sharedSchemas: [...OWN_SCHEMAS],
    schemas: ['none'],
  });

export interface Stored {
  readonly manifest: Manifest;
  readonly bytes: Buffer;
}

export interface BackupWishes {
  readonly format?: Format;
  readonly compression?: Compression;
  readonly content?: Content;
  readonly user?: string;
  /** `rows` computes a hash of each table's rows. */
  readonly compare?: 'counts' | 'rows';
}

/** Exports schemas as the worker does, but into memory. */
export const takeBackup = async (
  postgres: Postgres,
  database: string,
  schemas: readonly string[],
  {
    format = 'custom',
    compression,
    content = 'full',
    user = BACKUP_ROLE,
    compare = 'counts',
  }: BackupWishes = {},
): Promise<Stored> => {
  for (const schema of schemas) OWN_SCHEMAS.add(schema);
  const programRoots = [await clientRoot()];
  const settings = settingsOf(postgres.port, database);
  const credentials = async () => ({ user, password: PASSWORD });
  const source = makeSnapshotSource({ settings, credentials, programRoots });
  const id = uuidv7(Date.now());
  const snapshot = await source.open({
    backupId: id,
    attempt: 1,
    schemas,
    content,
    compare,
    lockTimeoutMs: 5000,
    giveWayAfterSeconds: 'never',
    partitionsElsewhere: 'refuse',
  });
  try {
    const { signal } = new AbortController();
    const encoding = encodingOf(format, compression, snapshot.server.major);
    const counted = content === 'schema' ? new Map() : await snapshot.countRows(signal);
    const dump = await snapshot.dump({
      format,
      compress: encoding.pgDumpCompress,
      content,
      signal,
      onTable: () => undefined,
    });
    const plain = await buffer(dump.output);
    await dump.exited;
    checkWrittenBack(plain);
    const bytes =
      encoding.ours === 'none' ? plain : await compressed(programRoots, encoding.ours, plain);
    const now = iso(Date.now());
    const manifest = manifestSchema.parse({
      version: 1,
      backup: {
        id,
        name: 'test',
        description: '',
        type: 'database',
        trigger: 'manual',
        retentionClass: 'daily',
        attempt: 1,
        createdAt: now,
        startedAt: now,
        expiresAt: now,
      },
      environment: 'test',
      project: { id: 'acme', name: 'Acme', schemaName: schemas.join(', '), schemas },
      source: { name: 'main', ...snapshot.server, serverVersion: snapshot.server.version },
      tool: { larder: 'test', pgDump: dump.version },
      options: { content, format, compression: encoding.compression },
      object: {
        key: 'k',
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
      ...(await snapshot.inventory),
      tables: snapshot.tables.map((table) => ({
        ...table,
        ...countedIn(counted.get(tableKey(table.schema, table.name))),
      })),
      timings: { snapshotAt: now, dumpMs: 0, countMs: 0, totalMs: 0 },
    });
    return { manifest, bytes };
  } finally {
    await snapshot.close();
  }
};

const countedIn = (counted: unknown): { rows: number | null; rowHash?: string } => {
  if (typeof counted === 'number') return { rows: counted };
  const { rows, hash } = (counted ?? {}) as { rows?: unknown; hash?: unknown };
  return {
    rows: typeof rows === 'number' ? rows : null,
    ...(typeof hash === 'string' && { rowHash: hash }),
  };
};

const compressed = async (
  programRoots: readonly string[],
  kind: 'zstd' | 'bzip2',
  plain: Buffer,
): Promise<Buffer> => {
  const { stream, exited } = await makeCompressor(programRoots)(kind);
  stream.end(plain);
  const bytes = await buffer(stream);
  await exited;
  return bytes;
};

export interface Target {
  readonly postgres: Postgres;
  readonly database: string;
  readonly user?: string;
  readonly port?: number;
  readonly giveWayAfterSeconds?: number;
}

/** Exchanges names of the project of these tests. */
type Rename = (
  by: MarkerSecret,
  places: readonly SchemaPlace[],
  options: Omit<RenameOptions, 'project' | 'names'>,
) => ReturnType<RestoreServer['rename']>;

export const serverOf = ({
  postgres,
  database,
  user = RESTORE_ROLE,
  port,
  giveWayAfterSeconds,
}: Target): Omit<RestoreServer, 'rename'> & { readonly rename: Rename } => {
  const server = makeRestoreServer({
    settings: settingsOf(port ?? postgres.port, database),
    credentials: async () => ({ user, password: PASSWORD }),
    stack: 'test',
    ...(giveWayAfterSeconds !== undefined && { giveWayAfterSeconds }),
  });
  return {
    ...server,
    rename: (by, places, options) => {
      const names = places.flatMap(({ to }) => (OWN_SCHEMAS.has(to) ? [to] : []));
      return server.rename(by, places, { project: PROJECT, names, ...options });
    },
  };
};

/** `acme` to `acme_restored`. */
export const placesOf = ({ manifest }: Stored, ending = '_restored'): SchemaPlace[] =>
  (manifest.project.schemas ?? []).map((from) => ({ from, to: `${from}${ending}` }));

/** Of every restore here. */
export const SEAL = 'c0ffee'.repeat(6);
export const sealed = (restoreId: string = uuidv7(Date.now())) => ({ restoreId, seal: SEAL });

export interface LoadWishes extends Partial<Omit<LoadRequest, 'manifest'>> {
  readonly entries?: readonly number[];
  /** Instead of the stored bytes. */
  readonly bytes?: Buffer;
}

export const requestOf = async (
  stored: Stored,
  { entries, bytes, ...more }: LoadWishes = {},
): Promise<LoadRequest> => {
  const { manifest } = stored;
  const signal = more.signal ?? new AbortController().signal;
  const { text } = await makeArchiveReader([await clientRoot()]).open({
    format: manifest.options.format,
    compression: manifest.options.compression,
    input: Readable.from(chunksOf(bytes ?? stored.bytes), { objectMode: false }),
    serverMajor: Number.parseInt(manifest.source.serverVersion, 10),
    signal,
    ...(entries && { entries }),
  });
  return {
    restoreId: uuidv7(Date.now()),
    seal: SEAL,
    attempt: 1,
    manifest,
    project: PROJECT,
    places: placesOf(stored),
    mode: 'beside',
    owners: 'keep',
    missingRoles: [],
    createExtensions: false,
    lockTimeoutMs: 2000,
    text,
    confirm: async () => undefined,
    onTable: () => undefined,
    signal,
    ...more,
  };
};

/** Copies: a reader of a chunk may reuse its memory. */
function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += 65_536)
    yield Buffer.from(bytes.subarray(from, from + 65_536));
}

/** Tables of schema acme, as a stored archive's table of contents has them. */
export const choose = async ({ manifest, bytes }: Stored, names: readonly string[]) => {
  const { format } = manifest.options;
  if (format === 'plain') throw new Error('not from a plain backup');
  return await makeArchiveReader([await clientRoot()]).choose({
    format,
    read: async (from, length) => bytes.subarray(from, from + length),
    tables: names.map((name) => ({ schema: 'acme', name })),
  });
};

export const restore = async (
  target: Target,
  stored: Stored,
  wishes: LoadWishes = {},
): Promise<Loaded> => await serverOf(target).load(await requestOf(stored, wishes));

export const surveyOf = (target: Target, stored: Stored, more: Partial<PreflightRequest> = {}) =>
  serverOf(target).preflight({
    manifest: stored.manifest,
    project: PROJECT,
    places: placesOf(stored),
    mode: 'beside',
    owners: 'keep',
    createExtensions: false,
    acceptDependents: false,
    signal: new AbortController().signal,
    ...more,
  });

/** Schemas that are not part of PostgreSQL, in order. */
export const schemasIn = async (postgres: Postgres, database: string): Promise<string[]> =>
  (
    await postgres.sql(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|public$)' ORDER BY 1",
      database,
    )
  ).rows.map(({ name }: { name: string }) => name);

/** Sessions of Larder on a database, waited for until there are none, 10 s at most. */
export const sessionsLeft = async (postgres: Postgres, database: string): Promise<string[]> => {
  for (let tries = 0; ; tries += 1) {
    const { rows } = await postgres.sql(
      `SELECT application_name AS name FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'larder%'`,
    );
    if (!rows.length || tries > 100) return rows.map(({ name }: { name: string }) => name);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
