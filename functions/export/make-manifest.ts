import { type Backup, iso } from '../../core/backup.ts';
import { describeError } from '../../core/errors.ts';
import type { Encoding } from '../../core/formats.ts';
import { MANIFEST_VERSION, type Manifest, tableKey } from '../../core/manifest.ts';
import type { Dump, Snapshot, StoredObject } from '../../core/ports.ts';
import type { Project } from '../../core/project.ts';
import { anomaliesOf, findPrevious } from './anomaly.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';

/** A result, and how long it took. */
export interface Timed<T> {
  readonly value: T;
  readonly ms: number;
}
export const timed = async <T>(work: Promise<T>): Promise<Timed<T>> => {
  const begun = performance.now();
  const value = await work;
  return { value, ms: Math.round(performance.now() - begun) };
};

export interface StoredGlobals extends StoredObject {
  readonly sha256: string;
}

/** What dumping and storing came to. */
export interface DumpOutcome {
  readonly snapshot: Snapshot;
  readonly dump: Dump;
  readonly stored: StoredObject;
  readonly sha256: string;
  readonly encoding: Encoding;
  readonly rows: Timed<Awaited<ReturnType<Snapshot['countRows']>>>;
  readonly dumpMs: number;
  readonly globals?: StoredGlobals;
}

const describe = (
  { environment, larderVersion }: ExportOptions,
  backup: Backup,
  project: Project,
  startedAt: number,
  now: number,
  { snapshot, dump, stored, sha256, encoding, rows, dumpMs, globals }: DumpOutcome,
): Manifest => ({
  version: MANIFEST_VERSION,
  backup: {
    id: backup.id,
    name: backup.name,
    description: backup.description,
    type: backup.type,
    trigger: backup.trigger,
    retentionClass: backup.retentionClass,
    ...(backup.runId ? { runId: backup.runId } : {}),
    attempt: backup.attempt,
    createdAt: backup.createdAt,
    startedAt: iso(startedAt),
    expiresAt: backup.expiresAt,
  },
  environment,
  project: {
    id: project.id,
    name: project.name,
    schemaName: project.schemaName,
    ...(project.shared && { schemas: [...project.shared] }),
  },
  source: {
    name: backup.source,
    database: snapshot.server.database,
    serverVersion: snapshot.server.version,
    encoding: snapshot.server.encoding,
    collation: snapshot.server.collation,
  },
  tool: { larder: larderVersion, pgDump: dump.version },
  options: { content: backup.content, format: backup.format, compression: encoding.compression },
  object: { key: stored.key, bytes: stored.bytes, sha256 },
  ...(globals ? { globals: { ...globals } } : {}),
  ...snapshot.inventory,
  tables: snapshot.inventory.tables.map((table) => {
    const counted = rows.value.get(tableKey(table.schema, table.name));
    return {
      ...table,
      rows: counted?.rows ?? null,
      ...(counted?.hash === undefined ? {} : { rowHash: counted.hash }),
    };
  }),
  timings: {
    snapshotAt: snapshot.takenAt,
    dumpMs,
    countMs: rows.ms,
    totalMs: now - startedAt,
  },
});

/** Adds what looks wrong beside the backup before. Not knowing that one is no reason to have none. */
const compare = async ({ history, vault, log }: ExportPorts, made: Manifest): Promise<Manifest> => {
  if (made.options.content !== 'full') return made;
  try {
    const before = await findPrevious(history, vault, made.project.id);
    const anomalies = before ? anomaliesOf(made, before) : [];
    return { ...made, warnings: [...anomalies, ...made.warnings] };
  } catch (error) {
    log.warn('the backup could not be compared with the one before', {
      backupId: made.backup.id,
      error: describeError(error).name,
    });
    return made;
  }
};

/** The manifest of a stored backup, with warnings from its schema and from the backup before. */
export const makeManifest = (
  ports: ExportPorts,
  options: ExportOptions,
  backup: Backup,
  project: Project,
  startedAt: number,
  outcome: DumpOutcome,
): Promise<Manifest> =>
  compare(ports, describe(options, backup, project, startedAt, ports.clock(), outcome));
