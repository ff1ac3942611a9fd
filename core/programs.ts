/**
 * Which major's PostgreSQL programs are used for a server. The only place that decides this, for export,
 * restore, verification and the local stack.
 */
import { ServerTooNew } from './errors/source.ts';

/**
 * The server's own major if its programs are available, else the next higher one: `pg_dump` refuses a server newer
 * than itself, and the output of a newer one may contain settings that the server doesn't know (see
 * `foreignSettings`).
 *
 * @param serverMajor e.g. 17
 * @param majorsOnHand in any order
 * @throws ServerTooNew if the server is newer than all of them, or none is available
 */
export function chooseMajor(serverMajor: number, majorsOnHand: readonly number[]): number {
  const sorted = [...new Set(majorsOnHand)].sort((a, b) => a - b);
  const chosen = sorted.find((major) => major >= serverMajor);
  if (chosen === undefined) throw new ServerTooNew(serverMajor, sorted);
  return chosen;
}

/** The major of a server's `server_version_num`: 170012 is 17. Servers before 10 count as 9. */
export function majorOfVersionNumber(versionNumber: number): number {
  return Math.floor(versionNumber / 10_000);
}

/** The major of a version such as `18.6` or `17.11 (Debian ...)`. NaN if it has none. */
export const majorOfVersion = (version: string): number => Number.parseInt(version, 10);

/** Settings that dumps begin with, by the first major whose `pg_dump` and `pg_restore` write them. */
const SETTINGS: readonly (readonly [since: number, name: string])[] = [[17, 'transaction_timeout']];

/**
 * Settings that the programs of one major write into their SQL and that a server of another major doesn't
 * know. A restore that stops at the first error would stop at `SET <name> = 0;`, so it leaves that line
 * out. Empty if the programs are the server's own.
 */
export function foreignSettings(programMajor: number, serverMajor: number): readonly string[] {
  return SETTINGS.filter(([since]) => programMajor >= since && serverMajor < since).map(
    ([, name]) => name,
  );
}
