import { chown, mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Under which account the embedded server runs. PostgreSQL refuses to run as root, so root hands it to `nobody`, which
 * must be able to enter every folder above the programs and the data. (The number alone would not do: initdb looks
 * the account's name up.)
 */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY = 'nobody';

/** Undefined where this process itself may run a server. */
export const serverAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile('/etc/passwd', 'utf8');
  const line = accounts.split('\n').find((one) => one.startsWith(`${NOBODY}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (!uid || !gid) {
    throw new Error(
      `PostgreSQL does not run as root, and this system has no account "${NOBODY}" to run it as. Start as another user, or give a database with --database-url.`,
    );
  }
  return { uid: Number(uid), gid: Number(gid) };
};

/** Whether everybody may enter each folder on the way to a file. */
export const reachableByAll = async (file: string): Promise<boolean> => {
  for (let at = path.dirname(path.resolve(file)); ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (!found || (found.mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
};

/** A folder for the server's data, the account's own, below a temporary folder that the account can reach. */
export const makeServerFolder = async (account: Account | undefined): Promise<string> => {
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const reachable = !account || (await reachableByAll(path.join(parent, 'x')));
    if (!reachable) continue;
    const folder = await mkdtemp(path.join(parent, 'larder-'));
    if (account) await chown(folder, account.uid, account.gid);
    return folder;
  }
  throw new Error(`The account "${NOBODY}" can reach none of the temporary folders.`);
};
