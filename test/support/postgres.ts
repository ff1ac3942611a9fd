import path from 'node:path';
import type pg from 'pg';
import {
  findProgramFiles,
  type ProgramFiles,
} from '../../adapters/postgres/programs/program-files.ts';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import {
  crashAndRestart,
  type ExtensionFiles,
  openSession,
  removeServer,
  startServer,
  withSession,
} from './running-server.ts';
import { keepIdle, noteUntouched, takeIdle } from './server-pool.ts';

export { type ExtensionFiles, freePort, PASSWORD } from './running-server.ts';

/** The client layer's folder of programs, as in LARDER_POSTGRES_ROOT. */
export const clientRoot = async (): Promise<string> =>
  path.join((await ensureLayer({ layer: 'client' })).directory, 'postgres');

export const clientPrograms = async (): Promise<ProgramFiles> =>
  findProgramFiles(await clientRoot());

export interface Postgres {
  readonly port: number;
  readonly major: number;
  /** Runs SQL as the superuser. */
  sql(sql: string, database?: string): Promise<pg.QueryResult>;
  /**
   * A session that the caller ends.
   * @param options settings at its beginning, as `-c name=value`
   */
  session(database?: string, user?: string, options?: string): Promise<pg.Client>;
  /** A new, empty database. */
  database(): Promise<string>;
  /** Ends the server as a crash would and starts it again on the same port. */
  crashAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A server of one major. If test files share a process, a server that a file has stopped is cleaned and given to the next file that needs
 * that major.
 */
export const startPostgres = async (
  major = 18,
  extensionFiles: ExtensionFiles = {},
): Promise<Postgres> => {
  const isUsual = Object.keys(extensionFiles).length === 0;
  const kept = isUsual ? takeIdle(major) : undefined;
  const running = kept ?? (await startServer(major, extensionFiles));
  if (isUsual && !kept) await noteUntouched(running);
  const { port } = running;
  let mayBeKept = isUsual;
  const sql = (text: string, database?: string) =>
    withSession(port, database, (client) => client.query(text));
  return {
    port,
    major,
    sql,
    session: (database, user, options) => openSession(port, database, user, options),
    database: async () => {
      running.databases += 1;
      const name = `db_${running.databases}`;
      await sql(`CREATE DATABASE ${name}`);
      return name;
    },
    crashAndRestart: async () => {
      mayBeKept = false;
      await crashAndRestart(running);
    },
    stop: async () => {
      if (!(mayBeKept && (await keepIdle(running)))) await removeServer(running);
    },
  };
};
