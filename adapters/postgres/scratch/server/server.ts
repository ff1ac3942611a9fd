import type pg from 'pg';
import { LarderError } from '../../../../core/errors/base.ts';
import { ScratchDied, ScratchFailed } from '../../../../core/errors/verification.ts';
import type { Log } from '../../../../core/ports.ts';
import type { ServerPrograms } from '../../programs/program-files.ts';
import { chooseAccount, chooseServer } from './choose.ts';
import { makeCluster, SUPERUSER } from './cluster.ts';
import { freeBytes } from './disk-space.ts';
import { makeScratchFolder, PORT, type ScratchFolder, sweep } from './folder.ts';
import { type DatabaseLocale, versionNote } from './locale.ts';
import { startGauge } from './peak-gauge.ts';
import { prepare, SCRATCH_DATABASE, SCRATCH_OWNER, type ScratchExtension } from './prepare.ts';
import { type ServerProcess, startProcess } from './process.ts';
import { connectScratch, explained, firstSession, type ScratchAccess } from './sessions.ts';
import { serverSettings } from './settings.ts';

export type { ScratchAccess, ScratchExtension };

/**
 * A PostgreSQL server for one verification, in a folder of its own below a temporary folder: begun in half a second,
 * ended and removed whatever happens. It needs nothing but its programs and that folder: no root, no network, no /dev/shm, no
 * HOME. It has one database, in the backup's encoding, and no templates, so `CREATE DATABASE` finds none.
 */
export interface ScratchServer {
  readonly major: number;
  /** Such as `18.6`. */
  readonly version: string;
  /** For libpq and node-postgres, as the superuser. Whoever may enter the folder needs no password. */
  readonly access: ScratchAccess;
  /**
   * As the database's owner, which is no superuser. What a tenant wrote runs when it is restored and read: functions in indexes,
   * checks, generated columns, views. As a superuser it could start programs beside us, with the function's own rights.
   */
  readonly ownerAccess: ScratchAccess;
  /** What `CREATE EXTENSION` knows. `plpgsql` is there. */
  readonly extensions: readonly ScratchExtension[];
  /** What is not as it was on the source, for a person; see locale.ts. */
  readonly notes: readonly string[];
  /** A session, to be ended by who asked for it, unless `stop` ends it first. */
  connect(access?: ScratchAccess): Promise<pg.Client>;
  /** Bytes its folder takes on disk now. */
  diskBytes(): Promise<number>;
  /** The most that it took, bytes, looked at about once a second. */
  mostDiskBytes(): Promise<number>;
  /** Rejects with ScratchDied or ScratchDiskFull when the server ends by itself; never settles otherwise. */
  readonly died: Promise<never>;
  /** A better error than a session's own, where the server died under it or its disk is full; else the same one. */
  explain(error: unknown): Promise<unknown>;
  /** Ends it at once and removes its folder. Never throws; again does nothing. */
  stop(): Promise<void>;
}

export interface ScratchOptions {
  /** As of findProgramFiles. */
  readonly programRoots: readonly string[];
  /** Where it may write: /tmp in Lambda. */
  readonly temporaryFolder: string;
  /** Major of the server that the backup is of. */
  readonly backupMajor: number;
  readonly locale: DatabaseLocale;
  /** Of the whole function, this process included. */
  readonly memoryMb?: number;
  readonly log: Log;
}

const DEFAULT_MEMORY_MB = 1024;

/** @throws ServerLayerMissing, ServerTooOld, ScratchFailed, ScratchDiskFull */
export const startScratch = async (options: ScratchOptions): Promise<ScratchServer> => {
  const { temporaryFolder, log } = options;
  const began = performance.now();
  const programs = await chooseServer(options.programRoots, options.backupMajor);
  const account = await chooseAccount(temporaryFolder);
  await sweep(temporaryFolder, log);
  const folder = await makeScratchFolder(temporaryFolder, account, log).catch(notStarted);
  let server: ServerProcess | undefined;
  try {
    const notes = await makeCluster({
      programs,
      folder: folder.path,
      account,
      locale: options.locale,
    });
    const settings = serverSettings({
      major: programs.major,
      socketFolder: folder.path,
      port: PORT,
      memoryMb: options.memoryMb ?? DEFAULT_MEMORY_MB,
      freeBytes: await freeBytes(temporaryFolder),
    });
    server = await startProcess({ programs, folder: folder.path, account, settings });
    const scratch = await ready(programs, folder, server, notes, options.locale);
    const startedMs = Math.round(performance.now() - began);
    log.info('The scratch server is ready', { version: scratch.version, startedMs });
    return scratch;
  } catch (error) {
    await server?.end();
    await folder.remove();
    return notStarted(error);
  }
};

/** What refuses by name is lasting. A server that ended, or a system that gives no process, may do better in the next attempt. */
const notStarted = (error: unknown): never => {
  if (error instanceof LarderError && !(error instanceof ScratchDied)) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const why = error instanceof ScratchDied ? `it ended with ${error.how}` : message;
  throw new ScratchFailed(why, WAY_OUT, { cause: error, retryable: true });
};

const WAY_OUT =
  'Raise verification.memoryMb where memory was short, see that the folder can be written, and verify the backup again.';

const ready = async (
  programs: ServerPrograms,
  folder: ScratchFolder,
  server: ServerProcess,
  notes: readonly string[],
  locale: DatabaseLocale,
): Promise<ScratchServer> => {
  const access: ScratchAccess = {
    host: folder.path,
    port: PORT,
    user: SUPERUSER,
    database: SCRATCH_DATABASE,
  };
  const explain = (error: unknown) => explained(error, server, folder.path);
  const client = await firstSession(access, server);
  const { collationVersion, ...found } = await prepare(client).catch(async (error: unknown) => {
    throw await explain(error);
  });
  await client.end();
  const gauge = startGauge(folder.bytes);
  let stopping: Promise<void> | undefined;
  return {
    major: programs.major,
    ...found,
    access,
    ownerAccess: { ...access, user: SCRATCH_OWNER },
    notes: [...notes, ...versionNote(locale, collationVersion)],
    connect: (as = access) => connectScratch(as),
    diskBytes: () => folder.bytes(),
    mostDiskBytes: () => gauge.most(),
    died: server.died,
    explain,
    stop: () => {
      gauge.stop();
      stopping ??= server.end().then(() => folder.remove());
      return stopping;
    },
  };
};
