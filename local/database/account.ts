import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Account,
  reachableByAll,
  UNPRIVILEGED,
  unprivilegedAccount,
} from '../../adapters/postgres/scratch/server/account.ts';

export { type Account, reachableByAll };

/** The account that runs the embedded server; undefined if this process itself may run a server. */
export const serverAccount = async (): Promise<Account | undefined> => {
  const account = await unprivilegedAccount();
  if (account !== 'missing') return account;
  throw new Error(
    `PostgreSQL does not run as root, and this system has no account "${UNPRIVILEGED}" to run it as. Start as another user, or give a database with --database-url.`,
  );
};

/** A folder for the server's data, owned by the account, below a temporary folder that the account can reach. */
export const makeServerFolder = async (account: Account | undefined): Promise<string> => {
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const reachable = !account || (await reachableByAll(path.join(parent, 'x')));
    if (!reachable) continue;
    const folder = await mkdtemp(path.join(parent, 'larder-'));
    if (account) await chown(folder, account.uid, account.gid);
    return folder;
  }
  throw new Error(`The account "${UNPRIVILEGED}" can reach none of the temporary folders.`);
};
