import { ServerTooNew } from '../../../../core/errors/source.ts';
import {
  ScratchFailed,
  ServerLayerMissing,
  ServerTooOld,
} from '../../../../core/errors/verification.ts';
import { chooseMajor } from '../../../../core/programs.ts';
import { findProgramFiles, majorsOf, type ServerPrograms } from '../../programs/program-files.ts';
import { type Account, reachableByAll, UNPRIVILEGED, unprivilegedAccount } from './account.ts';
import { LONGEST_FOLDER } from './folder.ts';

/**
 * A server of the backup's own major, otherwise of the next higher one: an older server may not support what the backup holds.
 * @throws ServerLayerMissing, ServerTooOld
 */
export const chooseServer = async (
  roots: readonly string[],
  backupMajor: number,
): Promise<ServerPrograms> => {
  const { servers } = await findProgramFiles(...roots);
  if (!servers.length) throw new ServerLayerMissing(roots);
  const chosen = majorFor(backupMajor, majorsOf(servers));
  const server = servers.find(({ major }) => major === chosen);
  if (!server) throw new ServerLayerMissing(roots);
  return server;
};

const majorFor = (backupMajor: number, majors: readonly number[]): number => {
  try {
    return chooseMajor(backupMajor, majors);
  } catch (error) {
    throw error instanceof ServerTooNew ? new ServerTooOld(backupMajor, majors) : error;
  }
};

/**
 * The account under which the server runs; undefined if this process itself may run it.
 * @throws ScratchFailed if the account could not work below that folder
 */
export const chooseAccount = async (temporaryFolder: string): Promise<Account | undefined> => {
  if (Buffer.byteLength(temporaryFolder) > LONGEST_FOLDER) {
    throw new ScratchFailed(
      `a socket below ${temporaryFolder} would have too long a path`,
      `Give a temporary folder whose path has at most ${LONGEST_FOLDER} bytes.`,
    );
  }
  const account = await unprivilegedAccount();
  if (account === 'missing') {
    throw new ScratchFailed(
      `PostgreSQL does not run as root, and there is no account ${UNPRIVILEGED}`,
      'Start as another user.',
    );
  }
  if (account && !(await reachableByAll(`${temporaryFolder}/x`))) {
    throw new ScratchFailed(
      `PostgreSQL does not run as root, and ${UNPRIVILEGED} may not enter ${temporaryFolder}`,
      'Let all users enter that folder, or start as another user.',
    );
  }
  return account;
};
