import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  reachableByAll,
  unprivilegedAccount,
} from '../../adapters/postgres/scratch/server/account.ts';

/** Other users may pass through, but neither list it nor write. */
const ENTERED_BY_ALL = 0o711;

/**
 * The functions' /tmp of a start. A verification's scratch server uses a folder below it, which root gives to another
 * account: that account must be able to enter.
 */
export const makeTemporaryFolder = async (): Promise<string> => {
  const parents = [tmpdir(), '/tmp', '/var/tmp'];
  const account = await unprivilegedAccount();
  if (account === undefined) return mkdtemp(path.join(tmpdir(), PREFIX));
  for (const parent of parents) {
    if (!(await reachableByAll(path.join(parent, 'x')))) continue;
    const folder = await mkdtemp(path.join(parent, PREFIX));
    await chmod(folder, ENTERED_BY_ALL);
    return folder;
  }
  // A verification will report it.
  return mkdtemp(path.join(tmpdir(), PREFIX));
};

const PREFIX = 'larder-start-';
