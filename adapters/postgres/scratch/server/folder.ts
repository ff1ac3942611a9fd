import { once } from 'node:events';
import { chown, lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import type { Log } from '../../../../core/ports.ts';
import type { Account } from './account.ts';

/**
 * A scratch server's folder; the server leaves nothing outside it. Its owner is the process that created it and listens on a socket in it
 * for its whole life. The system closes that socket however the process ends. So if no process answers on a folder's sockets, the folder is
 * left over from a killed process. (A process id would not show that: Lambda keeps /tmp when it restarts the function's process, and the
 * new process may get the same id.)
 */
export interface ScratchFolder {
  readonly path: string;
  /** Bytes it uses on disk. */
  bytes(): Promise<number>;
  /** Removes it; never throws. */
  remove(): Promise<void>;
}

const PREFIX = 'larder-pg-';
const OWNER = 'owner';
export const PORT = 1;
const SERVER = `.s.PGSQL.${PORT}`;

/** Length of a socket's path, bytes, on macOS, which has the shortest: `sun_path` of sys/un.h without its final NUL. */
const LONGEST_SOCKET = 103;

/** Length that the path of a temporary folder may have, bytes, so that a socket's path below it fits. */
export const LONGEST_FOLDER = LONGEST_SOCKET - `/${PREFIX}XXXXXX/${SERVER}`.length;

/** Milliseconds that a new folder may have no socket yet. */
const YOUNG = 60_000;

export const makeScratchFolder = async (
  parent: string,
  account: Account | undefined,
  log: Log,
): Promise<ScratchFolder> => {
  const folder = await mkdtemp(path.join(parent, PREFIX));
  const owner = createServer((socket) => void socket.destroy());
  const remove = async (): Promise<void> => {
    owner.close();
    await removeFolder(folder, log);
  };
  try {
    if (account) await chown(folder, account.uid, account.gid);
    owner.listen(path.join(folder, OWNER));
    owner.unref();
    await once(owner, 'listening');
  } catch (error) {
    await remove();
    throw error;
  }
  return { path: folder, bytes: () => bytesOnDisk(folder), remove };
};

/** Removes the folders of killed processes; leaves a folder alone if its process or server is alive. */
export const sweep = async (parent: string, log: Log): Promise<void> => {
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = path.join(parent, name);
    if (!(await isLeftOver(folder))) continue;
    log.warn('Removing what an earlier verification left when it was killed', { folder });
    await removeFolder(folder, log);
  }
};

const removeFolder = (folder: string, log: Log): Promise<void> =>
  // A process that was just killed may still be writing.
  rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }).catch(
    (error: NodeJS.ErrnoException) =>
      log.error('A scratch folder could not be removed', { folder, code: error.code }),
  );

const isLeftOver = async (folder: string): Promise<boolean> => {
  const found = await lstat(folder).catch(() => undefined);
  if (!found?.isDirectory()) return false;
  const owner = await answers(path.join(folder, OWNER));
  if (owner === 'absent' && Date.now() - found.mtimeMs < YOUNG) return false;
  const server = await answers(path.join(folder, SERVER));
  return owner !== 'alive' && server !== 'alive';
};

/** Whether a process listens. If that is not known, it counts as alive: another user's folder, a full queue. */
const answers = async (socketFile: string): Promise<'alive' | 'dead' | 'absent'> => {
  const socket = connect(socketFile);
  try {
    await once(socket, 'connect');
    return 'alive';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return 'dead';
    return code === 'ENOENT' ? 'absent' : 'alive';
  } finally {
    socket.destroy();
  }
};

/** Bytes of a block in `stat`, whatever the file system's block size is. */
const BLOCK = 512;

const bytesOnDisk = async (folder: string): Promise<number> => {
  let bytes = 0;
  // The server removes files and folders at any time.
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const file = path.join(folder, entry.name);
    const found = await lstat(file).catch(() => undefined);
    bytes += (found?.blocks ?? 0) * BLOCK;
    if (entry.isDirectory()) bytes += await bytesOnDisk(file);
  }
  return bytes;
};
