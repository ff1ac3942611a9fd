import { chmod, mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sha256Hex } from '../../core/ids.ts';

/**
 * The folder that keeps vault and history between starts, for one start at a time. The lock is an SQLite lock on a file;
 * the system releases it when its holder dies in any way, so it is never stale. A note beside it lists the processes and
 * folders that a killed start left, so the next start removes them.
 */
export interface DataFolder {
  readonly path: string;
  /** Records what must be removed if this start is killed. */
  note(leftover: Leftover): Promise<void>;
  /** Processes and folders of an earlier start. */
  readonly leftovers: readonly Leftover[];
  release(): Promise<void>;
}

/** A temporary folder, and the process that works in it. */
export interface Leftover {
  readonly folder: string;
  readonly pid?: number;
}

export class DataFolderProblem extends Error {
  constructor(folder: string, problem: string) {
    super(`The data folder ${folder} ${problem}`);
    this.name = 'DataFolderProblem';
  }
}

const NOTE = 'running.json';
const LOCK = 'lock';
/** It holds backups, mails and secrets: no other user of the machine may read it. */
const OWN_MODE = 0o700;
/** Folder of the tables: once it exists, there is something to keep. */
export const HISTORY = 'history';
/** Folder of the keys that sign manifests. */
export const KEYS = 'keys';

/**
 * Where the user's own database has its vault and history: beside the demo's and those of other databases, because
 * projects of two databases may have the same ids.
 */
export const folderOfDatabase = (
  dataDir: string,
  {
    host,
    port,
    database,
  }: { readonly host: string; readonly port: number; readonly database: string },
): string => {
  const name = `${database}-${host}-${port}`;
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100);
  // Adds a suffix if the plain name is not the whole name.
  const folder = plain === name ? plain : `${plain}-${sha256Hex(name).slice(0, 8)}`;
  return path.join(dataDir, 'databases', folder);
};

/** @throws DataFolderProblem */
export const openDataFolder = async (folder: string): Promise<DataFolder> => {
  let made: readonly string[] = [];
  try {
    made = await makeFolder(folder);
    await writeFile(path.join(folder, '.writable'), '');
    await rm(path.join(folder, '.writable'));
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new DataFolderProblem(
      folder,
      `can't be written (${code}). Give another one with --data-dir.`,
    );
  }
  if (made.length === 0) await checkOwn(folder);
  await chmod(folder, OWN_MODE).catch(() => {
    throw new DataFolderProblem(
      folder,
      'belongs to another user, who could read the backups in it. Give one of your own with --data-dir.',
    );
  });
  const lock = takeLock(folder);
  const file = path.join(folder, NOTE);
  const leftovers = await readLeftovers(file);
  const noted: Leftover[] = [...leftovers];
  return {
    path: folder,
    leftovers,
    note: async (leftover) => {
      noted.push(leftover);
      await writeFile(file, JSON.stringify(noted));
    },
    release: async () => {
      await rm(file, { force: true });
      // A start that failed before there was anything to keep leaves no folder.
      const kept = made.length === 0 || (await isFolder(path.join(folder, HISTORY)));
      lock.close();
      if (kept) return;
      await rm(folder, { recursive: true });
      for (const above of made.slice(1)) await rmdir(above);
    },
  };
};

/** A folder with other uses must keep its mode, and its contents must not be treated as a start's. */
const checkOwn = async (folder: string): Promise<void> => {
  const names = await readdir(folder);
  if (names.length === 0 || [LOCK, HISTORY, 'databases'].some((name) => names.includes(name)))
    return;
  throw new DataFolderProblem(
    folder,
    'holds files that `npm start` did not write. Give an empty folder, or a new one, with --data-dir.',
  );
};

/**
 * Returns the folders that it created, the innermost first. (`recursive` of Node's own mkdir loops forever if no
 * folder can be created, as in /proc.)
 */
const makeFolder = async (folder: string): Promise<string[]> => {
  try {
    await mkdir(folder, { mode: OWN_MODE });
    return [folder];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return [];
    const parent = path.dirname(folder);
    if (code !== 'ENOENT' || parent === folder || (await isFolder(parent))) throw error;
    const above = await makeFolder(parent);
    await mkdir(folder, { mode: OWN_MODE });
    return [folder, ...above];
  }
};

const isFolder = (folder: string): Promise<boolean> =>
  stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );

const takeLock = (folder: string): DatabaseSync => {
  const lock = new DatabaseSync(path.join(folder, LOCK));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch {
    lock.close();
    throw new DataFolderProblem(
      folder,
      'is in use by another `npm start`. Stop that one first, or give another folder with --data-dir.',
    );
  }
};

const readLeftovers = async (file: string): Promise<readonly Leftover[]> => {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  try {
    return JSON.parse(text) as Leftover[];
  } catch {
    // Cut short when its writer was killed.
    return [];
  }
};
