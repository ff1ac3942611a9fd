import { type Backup, iso } from '../../core/backup.ts';
import type { ArchiveContents, StockReason } from '../../core/engine.ts';
import { describeError } from '../../core/errors/base.ts';
import type { Encoding } from '../../core/formats.ts';
import { type Inventory, MANIFEST_VERSION, type Manifest, tableKey } from '../../core/manifest.ts';
import type { Project } from '../../core/project.ts';
import type { Dump, ServerFacts, Snapshot } from '../../core/snapshot-ports.ts';
import type { StoredObject } from '../../core/vault-ports.ts';
import { anomaliesOf, type Before, findPrevious } from './anomaly.ts';
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

/** Result of dumping and storing. */
export interface DumpOutcome {
  readonly snapshot: Snapshot;
  readonly inventory: Inventory;
  /** Absent if there is none, or none could be read. */
  readonly before: Before | undefined;
  readonly dump: Dump;
  /** Of the engine's archive. */
  readonly contents: ArchiveContents | undefined;
  readonly stored: StoredObject;
  readonly sha256: string;
  readonly encoding: Encoding;
  readonly rows: Timed<Awaited<ReturnType<Snapshot['countRows']>>>;
  readonly dumpMs: number;
  readonly globals?: StoredGlobals;
}

/** Absent if the server does not report them. */
const textRulesOf = ({
  characters,
  localeProvider,
  locale,
  icuRules,
  collationVersion,
}: ServerFacts): Partial<Manifest['source']> => ({
  ...(characters !== undefined && { characters }),
  ...(localeProvider !== undefined && { localeProvider }),
  ...(locale != null && { locale }),
  ...(icuRules != null && { icuRules }),
  ...(collationVersion != null && { collationVersion }),
});

/** Only for what a new version of PostgreSQL brought; the other reasons are as documented. */
const stockWarnings = (reason: StockReason | undefined): string[] =>
  reason?.kind === 'archive-version'
    ? [
        `pg_dump wrote this backup, because Larder's engine does not know the archives of this pg_dump (${reason.problem}). A newer version of Larder may know them.`,
      ]
    : [];

const describe = (
  { environment, larderVersion }: ExportOptions,
  backup: Backup,
  project: Project,
  startedAt: number,
  now: number,
  {
    snapshot,
    inventory,
    dump,
    contents,
    stored,
    sha256,
    encoding,
    rows,
    dumpMs,
    globals,
  }: DumpOutcome,
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
    ...(backup.retentionPolicy && { retentionPolicy: backup.retentionPolicy }),
    ...(backup.fixedRetention && { fixedRetention: backup.fixedRetention }),
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
    ...textRulesOf(snapshot.server),
  },
  tool: { larder: larderVersion, pgDump: dump.version, engine: dump.engine },
  options: { content: backup.content, format: backup.format, compression: encoding.compression },
  object: {
    key: stored.key,
    bytes: stored.bytes,
    sha256,
    ...(contents && { contents: { ...contents } }),
  },
  ...(globals ? { globals: { ...globals } } : {}),
  ...inventory,
  tables: inventory.tables.map((table) => {
    const counted = rows.value.get(tableKey(table.schema, table.name));
    return {
      ...table,
      rows: counted?.rows ?? null,
      ...(counted?.hash === undefined ? {} : { rowHash: counted.hash }),
      ...(counted?.copied && { copied: counted.copied }),
    };
  }),
  warnings: [...stockWarnings(dump.instead), ...inventory.warnings],
  timings: {
    snapshotAt: snapshot.takenAt,
    dumpMs,
    countMs: rows.ms,
    totalMs: now - startedAt,
  },
});

/** The backup before a full one, read during the dump. If it can't be read, the export goes on without it. */
export const findBefore = async (
  { history, vault, log }: ExportPorts,
  { id, projectId, content }: Backup,
): Promise<Before | undefined> => {
  if (content !== 'full') return undefined;
  try {
    return await findPrevious(history, vault, projectId);
  } catch (error) {
    log.warn('the backup could not be compared with the one before', {
      backupId: id,
      error: describeError(error).name,
    });
    return undefined;
  }
};

/** The manifest of a stored backup, with warnings about its schema and about differences from the previous backup. */
export const makeManifest = (
  { clock }: ExportPorts,
  options: ExportOptions,
  backup: Backup,
  project: Project,
  startedAt: number,
  outcome: DumpOutcome,
): Manifest => {
  const made = describe(options, backup, project, startedAt, clock(), outcome);
  const anomalies = outcome.before ? anomaliesOf(made, outcome.before) : [];
  return {
    ...made,
    warnings: [...anomalies, ...made.warnings],
    ...(anomalies.length && { anomalyCount: anomalies.length }),
  };
};
