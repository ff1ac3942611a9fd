import { type Backup, type Completion, iso, type Progress } from '../../core/backup.ts';
import { completionOf } from '../../core/completion.ts';
import { TarTooLarge } from '../../core/errors/dump.ts';
import { ProjectInactive, ProjectNotFound } from '../../core/errors/request.ts';
import { Cancelled } from '../../core/errors/work.ts';
import { encodingOf } from '../../core/formats.ts';
import { keysBeside, manifestKeyOf, stemOf } from '../../core/keys.ts';
import { ACTIVE, type Project, schemasOf } from '../../core/project.ts';
import type { Snapshot } from '../../core/snapshot-ports.ts';
import { type Body, openBody } from './body.ts';
import { type DumpOutcome, findBefore, makeManifest, timed } from './make-manifest.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';
import { keyPartsOf, storeDump, storeGlobals, storeManifest } from './store.ts';

/**
 * One attempt at one backup, from the check of the project to object and manifest in the vault. It writes no row: only the
 * caller's fenced write makes the backup completed. When the attempt rejects, its objects are removed and
 * pg_dump has ended.
 */
export interface AttemptContext {
  readonly backup: Backup;
  /** Aborted with the error that ends the attempt. */
  readonly stop: AbortController;
  /** Called with a function that returns the progress, once there is one. */
  readonly onProgress: (progress: () => Progress) => void;
  /** Whether the claim is still held, for a full lease from now. */
  readonly isHeld: () => Promise<boolean>;
}

const checkProject = async (
  { projects }: ExportPorts,
  projectId: string,
  signal: AbortSignal,
): Promise<Project> => {
  const project = await projects.findProject(projectId, signal);
  if (!project) throw new ProjectNotFound(projectId);
  if (project.status !== ACTIVE) throw new ProjectInactive(projectId, project.status);
  return project;
};

/** pg_dump spools each table of a tar to a temporary file. */
const checkRoom = (snapshot: Snapshot, backup: Backup, roomBytes: number): void => {
  if (backup.format !== 'tar' || backup.content === 'schema') return;
  const largest = [...snapshot.tables].sort((a, b) => b.bytes - a.bytes)[0];
  if (largest && largest.bytes > roomBytes)
    throw new TarTooLarge(largest.name, largest.bytes, roomBytes);
};

/** pg_dump names tables as `schema.table`, without quotes. */
const progressOf = (begun: number, clock: () => number, counted: Snapshot['tables']) => {
  const tablesTotal = counted.length;
  const sizes = new Map(counted.map(({ schema, name, bytes }) => [`${schema}.${name}`, bytes]));
  const sourceBytesTotal = counted.reduce((sum, { bytes }) => sum + bytes, 0);
  const tables = new Set<string>();
  /** The last one that pg_dump has begun is not done yet. */
  const doneBytes = (): number =>
    [...tables].slice(0, -1).reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  return {
    onTable: (name: string) => void tables.add(name),
    read: (body: Body) => (): Progress => {
      const now = clock();
      const bytes = body.bytes();
      return {
        tablesDone: Math.min(tables.size, tablesTotal),
        tablesTotal,
        sourceBytesDone: Math.min(doneBytes(), sourceBytesTotal),
        sourceBytesTotal,
        bytes,
        bytesPerSecond: Math.round(bytes / Math.max(0.001, (now - begun) / 1000)),
        at: iso(now),
      };
    },
  };
};

/** Dumps and stores; the upload completes only after pg_dump's exit code 0 and the last table's count. */
const dumpAndStore = async (
  ports: ExportPorts,
  options: ExportOptions,
  { backup, stop, onProgress }: AttemptContext,
  snapshot: Snapshot,
): Promise<DumpOutcome> => {
  const { settings } = options;
  const encoding = encodingOf(backup.format, backup.compression, snapshot.server.major);
  checkRoom(snapshot, backup, settings.temporaryBytes);
  const counted = snapshot.tables.filter(({ kind }) => kind !== 'materialized-view');
  const progress = progressOf(ports.clock(), ports.clock, counted);
  const begun = performance.now();
  const dump = await snapshot.dump({
    format: backup.format,
    compress: encoding.pgDumpCompress,
    content: backup.content,
    signal: stop.signal,
    onTable: progress.onTable,
  });
  try {
    const read = readBeside(ports, snapshot, backup, stop);
    const body = await openBody({
      output: dump.output,
      format: backup.format,
      encoding,
      compressor: ports.compressor,
      exited: dump.exited,
      settled: Promise.all([read, dump.exited]).then(() => confirmAndLetGo(snapshot)),
      maximumBytes: settings.maximumStoredBytes,
      signal: stop.signal,
    });
    onProgress(progress.read(body));
    const stored = await storeDump(ports, options, backup, encoding, body, snapshot.sourceBytes);
    const dumpMs = Math.round(performance.now() - begun);
    const contents = await dump.contents;
    const sha256 = body.digest();
    return { snapshot, dump, contents, stored, sha256, encoding, ...(await read), dumpMs };
  } catch (error) {
    stop.abort(error);
    // Nothing of pg_dump may outlive its attempt.
    await dump.exited.catch(() => undefined);
    throw error;
  }
};

/** Runs beside the dump; a failure ends the attempt at once instead of at the dump's end. */
const readBeside = (
  ports: ExportPorts,
  snapshot: Snapshot,
  backup: Backup,
  stop: AbortController,
): Promise<Pick<DumpOutcome, 'inventory' | 'rows' | 'before'>> => {
  const none: DumpOutcome['rows']['value'] = new Map();
  const read = async () => {
    const before = findBefore(ports, backup);
    const inventory = await snapshot.inventory;
    const rows = await timed(
      backup.content === 'schema' ? Promise.resolve(none) : snapshot.countRows(stop.signal),
    );
    return { inventory, rows, before: await before };
  };
  const reading = read();
  reading.catch((error: unknown) => stop.abort(error));
  return reading;
};

/** Everything has been read. The upload may still take long: meanwhile no session should wait for our locks, and no vacuum for our snapshot. */
const confirmAndLetGo = async (snapshot: Snapshot): Promise<void> => {
  await snapshot.confirmNames();
  void snapshot.close();
};

/**
 * Makes the backup's object and manifest.
 * @throws the error that ended it: a named one, or the reason `stop` was aborted with
 */
export const attemptBackup = async (
  ports: ExportPorts,
  options: ExportOptions,
  context: AttemptContext,
): Promise<Completion> => {
  const { backup, stop } = context;
  const startedAt = ports.clock();
  const { settings, keyTemplate } = options;
  let snapshot: Snapshot | undefined;
  let key: string | undefined;
  try {
    const checking = checkProject(ports, backup.projectId, stop.signal);
    snapshot = await ports.snapshots.open({
      backupId: backup.id,
      attempt: backup.attempt,
      schemas: checking.then(schemasOf),
      content: backup.content,
      lockTimeoutMs: settings.lockTimeoutMs,
      giveWayAfterSeconds: settings.giveWayAfterSeconds,
      partitionsElsewhere: settings.partitionsElsewhere,
      compare: settings.compare,
      engine: settings.engine,
      signal: stop.signal,
    });
    snapshot.disturbed.catch((error: unknown) => stop.abort(error));
    const project = await checking;
    const outcome = await dumpAndStore(ports, options, context, snapshot);
    key = outcome.stored.key;
    stop.signal.throwIfAborted();
    const globals = project.shared
      ? await storeGlobals(ports, options, backup, snapshot, stop)
      : undefined;
    const made = makeManifest(ports, options, backup, project, startedAt, {
      ...outcome,
      ...(globals ? { globals } : {}),
    });
    const manifestKey = manifestKeyOf(stemOf(keyTemplate, keyPartsOf(backup)));
    const { manifest, sha256 } = await storeManifest(ports, manifestKey, made);
    // If a caller was answered that the backup is being cancelled, it must not become completed.
    if (stop.signal.reason instanceof Cancelled) throw stop.signal.reason;
    return completionOf(manifest, sha256, ports.clock());
  } catch (error) {
    stop.abort(error);
    // If S3 is unreachable, objects remain that no row names: the sweep removes them. Without a claim nothing is
    // removed, because the attempt that has it may have adopted these objects.
    if (key && (await context.isHeld()))
      await ports.vault.remove(keysBeside(key)).catch(() => undefined);
    throw stop.signal.reason;
  } finally {
    await snapshot?.close();
  }
};
