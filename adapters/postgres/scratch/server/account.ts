import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * PostgreSQL refuses to run as root. In Lambda nobody is; on a developer's machine and in containers root hands the server to
 * `nobody`. (A number alone would not do: initdb looks the account's name up.)
 */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export const UNPRIVILEGED = 'nobody';

/** Undefined where this process itself may run a server, `missing` where root finds nobody to run it as. */
export const unprivilegedAccount = async (): Promise<Account | undefined | 'missing'> => {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const line = accounts.split('\n').find((one) => one.startsWith(`${UNPRIVILEGED}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : 'missing';
};

/** Whether everybody may enter each folder on the way to a file. */
export const reachableByAll = async (file: string): Promise<boolean> => {
  for (let at = path.dirname(path.resolve(file)); ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (!found || (found.mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
};
