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
 * A PostgreSQL server for one verification, in a folder of its own below a temporary folder. It starts in half a second, and is ended and
 * removed in every case. It needs only its programs and that folder: no root, no network, no /dev/shm, no HOME. It has one database, in the
 * backup's encoding, and no templates, so `CREATE DATABASE` finds none.
 */
export interface ScratchServer {
  readonly major: number;
  /** Such as `18.6`. */
  readonly version: string;
  /** For libpq and node-postgres, as the superuser. A user that may enter the folder needs no password. */
  readonly access: ScratchAccess;
  /**
   * As the database's owner, which is not a superuser. Code that a tenant wrote runs when it is restored and read: functions in indexes,
   * checks, generated columns, views. As a superuser it could start programs beside us, with the function's own rights.
   */
  readonly ownerAccess: ScratchAccess;
  /** The extensions that `CREATE EXTENSION` knows. `plpgsql` exists already. */
  readonly extensions: readonly ScratchExtension[];
  /** Differences from the source, for a person; see locale.ts. */
  readonly notes: readonly string[];
  /** A session, which the caller ends, unless `stop` ends it first. */
  connect(access?: ScratchAccess): Promise<pg.Client>;
  /** Bytes its folder uses on disk now. */
  diskBytes(): Promise<number>;
  /** The most that it used, bytes, measured about once a second. */
  mostDiskBytes(): Promise<number>;
  /** Rejects with ScratchDied or ScratchDiskFull when the server ends unexpectedly; never settles otherwise. */
  readonly died: Promise<never>;
  /** A better error than a session's own, if the server died during the session or its disk is full; else the same one. */
  explain(error: unknown): Promise<unknown>;
  /** Ends it at once and removes its folder. Never throws; a second call does nothing. */
  stop(): Promise<void>;
}

export interface ScratchOptions {
  /** As returned by findProgramFiles. */
  readonly programRoots: readonly string[];
  /** The folder it may write to: /tmp in Lambda. */
  readonly temporaryFolder: string;
  /** Major of the server from which the backup was taken. */
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

/** A refusal with a named error is permanent. A server that ended, or a system that gives no process, may work in the next attempt. */
const notStarted = (error: unknown): never => {
  if (error instanceof LarderError && !(error instanceof ScratchDied)) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const why = error instanceof ScratchDied ? `it ended with ${error.how}` : message;
  throw new ScratchFailed(why, WAY_OUT, { cause: error, retryable: true });
};

const WAY_OUT =
  'Raise verification.memoryMb if memory ran out, check that the folder can be written, and verify the backup again.';

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
