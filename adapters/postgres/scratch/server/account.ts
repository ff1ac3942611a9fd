import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * PostgreSQL refuses to run as root. In Lambda no process is root; on a developer's machine and in containers root runs the server as
 * `nobody`. (A numeric id is not enough: initdb looks up the account's name.)
 */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export const UNPRIVILEGED = 'nobody';

/** Undefined if this process itself may run a server, `missing` if root finds no account for it. */
export const unprivilegedAccount = async (): Promise<Account | undefined | 'missing'> => {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const line = accounts.split('\n').find((one) => one.startsWith(`${UNPRIVILEGED}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : 'missing';
};

/** Whether every user may enter each folder on the way to a file. */
export const reachableByAll = async (file: string): Promise<boolean> => {
  for (let at = path.dirname(path.resolve(file)); ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (!found || (found.mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
};
