import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { ScratchDiskFull, ScratchFailed } from '../../../../core/errors/verification.ts';
import { factsOf, isLost } from '../../session/server-messages.ts';
import type { ServerProcess } from './process.ts';

/** How a scratch server is reached: by its socket, without a password. */
export interface ScratchAccess {
  /** Folder of the socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** @throws the driver's own errors */
export const connectScratch = async (access: ScratchAccess): Promise<pg.Client> => {
  const client = new pg.Client({ ...access, ssl: false, application_name: 'larder/verify' });
  // If the server ends an idle session, the client emits an error event, which would otherwise end this process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

const START_MS = 60_000;
const BETWEEN_TRIES_MS = 10;

/** Waits until the server accepts sessions. @throws ScratchFailed, or why it ended */
export const firstSession = async (
  access: ScratchAccess,
  server: ServerProcess,
): Promise<pg.Client> => {
  const until = Date.now() + START_MS;
  for (;;) {
    try {
      return await connectScratch(access);
    } catch (error) {
      if (Date.now() > until) {
        const why = `it accepted no session within ${START_MS / 1000} s`;
        const more = { cause: error, retryable: true };
        throw new ScratchFailed(why, 'Give the function more memory.', more);
      }
    }
    await Promise.race([server.died, wait(BETWEEN_TRIES_MS)]);
  }
};

/** SQLSTATEs of PostgreSQL's appendix A: disk_full, and configuration_limit_exceeded, which is `temp_file_limit` here. */
const FULL = ['53100', '53400'];
/** Milliseconds between a session's end and the end of the server that it belonged to. */
const HEAR_OF_DEATH = 3_000;

/** See ScratchServer.explain. */
export const explained = async (
  error: unknown,
  server: ServerProcess,
  folder: string,
): Promise<unknown> => {
  const { code, message } = factsOf(error);
  if (FULL.includes(code)) {
    return new ScratchDiskFull(path.dirname(folder), message, { cause: error });
  }
  // Its socket is removed with it.
  if (!isLost(error) && code !== 'ENOENT') return error;
  const died = server.died.catch((why: unknown) => why);
  return Promise.race([died, wait(HEAR_OF_DEATH, error, { ref: false })]);
};
