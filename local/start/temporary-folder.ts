import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  reachableByAll,
  unprivilegedAccount,
} from '../../adapters/postgres/scratch/server/account.ts';

/** Others may go through, but neither look around nor write. */
const ENTERED_BY_ALL = 0o711;

/**
 * What /tmp is to the functions of a start. A verification's scratch server works below it, which root hands to another
 * account: that must be able to enter.
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
  // A verification will say so.
  return mkdtemp(path.join(tmpdir(), PREFIX));
};

const PREFIX = 'larder-start-';
