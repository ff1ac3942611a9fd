import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ServerFacts } from '../../../core/snapshot-ports.ts';
import { connectionString, openPrograms, type ProgramAccess } from './client-programs.ts';
import { dumpFailure } from './pg-dump-messages.ts';

/**
 * Roles and their memberships, which belong to the server and not to a schema. Passwords are left out: only a superuser may read them (on
 * RDS no one at all), and they do not belong in a backup.
 */
const run = promisify(execFile);

/** Enough for tens of thousands of roles. */
const AT_MOST_BYTES = 64 * 1024 ** 2;

/** SQL that creates the roles again. @throws the named errors of a dump */
export const dumpGlobals = async (
  access: ProgramAccess,
  server: ServerFacts,
  applicationName: string,
  signal: AbortSignal,
): Promise<Buffer> => {
  const { programs, login, environment } = await openPrograms(access, { server, applicationName });
  const flags = [
    `--dbname=${connectionString(access, login)}`,
    `--database=${access.settings.database}`,
    '--roles-only',
    '--no-role-passwords',
    '--no-password',
  ];
  const options = {
    env: environment,
    encoding: 'buffer' as const,
    maxBuffer: AT_MOST_BYTES,
    signal,
    killSignal: 'SIGKILL' as const,
  };
  try {
    return (await run(programs.pgDumpall, flags, options)).stdout;
  } catch (error) {
    const { stderr, code } = error as { stderr?: Buffer; code?: number | string };
    throw dumpFailure(`pg_dumpall's exit code ${code}`, stderr?.toString() ?? '', {
      schemas: [],
      server,
    });
  }
};
