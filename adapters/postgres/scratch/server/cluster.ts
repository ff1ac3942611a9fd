import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ScratchDiskFull, ScratchFailed } from '../../../../core/errors/verification.ts';
import type { ServerPrograms } from '../../programs/program-files.ts';
import { type Account, reachableByAll, UNPRIVILEGED } from './account.ts';
import { listen, speaksOfFullDisk } from './last-log-lines.ts';
import { type DatabaseLocale, type LocaleChoice, localeChoices, speaksOfLocale } from './locale.ts';

/** The owner of a scratch server; no role of a backup may have this name. */
export const SUPERUSER = 'larder_scratch';

export interface Cluster {
  readonly programs: ServerPrograms;
  /** Created by `makeScratchFolder`. */
  readonly folder: string;
  readonly account: Account | undefined;
  readonly locale: DatabaseLocale;
}

export const dataOf = (folder: string): string => path.join(folder, 'data');

/** The environment of the server and of initdb: it has nothing of this process's, because code in a backup might look for credentials there. */
export const environmentOf = (programs: ServerPrograms): Record<string, string> => ({
  PATH: '/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
  ...programs.environment,
});

/**
 * Creates the data folder: 0.4 s and 31 MB, half of which the server drops when it starts. It is created again for each server, because
 * keeping one for the next invocation would take that space from every backup.
 *
 * @returns what differs from the source's locale
 * @throws ScratchFailed, ScratchDiskFull
 */
export const makeCluster = async (cluster: Cluster): Promise<readonly string[]> => {
  const { programs, folder, account, locale } = cluster;
  if (account && !(await reachableByAll(programs.initdb))) {
    throw new ScratchFailed(
      `${UNPRIVILEGED} may not enter the folder of ${programs.initdb}`,
      `PostgreSQL does not run as root, so it is run as ${UNPRIVILEGED}: let all users enter the folders above its programs, or start as another user.`,
    );
  }
  const choices = localeChoices(programs.major, locale);
  let failed: Said = { brief: 'nothing was tried', all: '', killed: false };
  for (const choice of choices) {
    const failure = await initialize(cluster, choice);
    if (failure === undefined) return choice.note ? [choice.note] : [];
    failed = failure;
    if (!speaksOfLocale(failure.all)) break;
  }
  if (speaksOfFullDisk(failed.all)) throw new ScratchDiskFull(path.dirname(folder), failed.brief);
  throw new ScratchFailed(`initdb says: ${failed.brief}`, wayOut(failed.all), {
    retryable: failed.killed,
  });
};

interface Said {
  readonly brief: string;
  readonly all: string;
  /** Ended by the system, or not started because a resource was lacking. */
  readonly killed: boolean;
}

const wayOut = (said: string): string =>
  /could not look up effective user/.test(said)
    ? 'The user that the function runs as must have a name in /etc/passwd, as it has in Lambda.'
    : 'It needs /bin/sh, /dev/null and a folder that it can write. Correct what the message names, and verify the backup again.';

/** The messages of initdb after a failure. */
const initialize = async (
  { programs, folder, account }: Cluster,
  { flags }: LocaleChoice,
): Promise<Said | undefined> => {
  const { major } = programs;
  const initdb = spawn(
    programs.initdb,
    [
      ...['-D', dataOf(folder), '-U', SUPERUSER, '--auth=trust', '--no-sync', '--no-instructions'],
      // The minimum; the default is 16 MB, and twice that would be written at once.
      '--wal-segsize=1',
      ...(major >= 16 ? ['-c', 'dynamic_shared_memory_type=mmap'] : []),
      ...(major >= 18 ? ['--no-data-checksums'] : []),
      ...flags,
    ],
    { cwd: folder, env: environmentOf(programs), stdio: ['ignore', 'ignore', 'pipe'], ...account },
  );
  const words = listen(initdb.stderr);
  try {
    const [code, signal] = (await once(initdb, 'close')) as [number | null, string | null];
    if (code === 0) return undefined;
    const how = signal ? `by ${signal}` : `with status ${code}`;
    const brief = words.brief() || `nothing, and ended ${how}`;
    const killed = signal !== null || /Cannot allocate memory/.test(words.all());
    return { brief, all: words.all(), killed };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { brief: why, all: why, killed: /EAGAIN|ENOMEM/.test(why) };
  }
};
