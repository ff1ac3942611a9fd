/**
 * Which major's PostgreSQL programs work on a server. The one place that decides, for export,
 * restore, verification and the local stack.
 */
import { ServerTooNew } from './errors/source.ts';

/**
 * The server's own major where it is on hand, else the next above: `pg_dump` refuses a server newer
 * than itself, and what a newer one writes may hold settings that the server doesn't know (see
 * `foreignSettings`).
 *
 * @param serverMajor e.g. 17
 * @param majorsOnHand in any order
 * @throws ServerTooNew where the server is newer than all of them, or none is on hand
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

/** The major of a version such as `18.6` or `17.11 (Debian ...)`. NaN where it has none. */
export const majorOfVersion = (version: string): number => Number.parseInt(version, 10);

/** Settings that dumps begin with, by the first major whose `pg_dump` and `pg_restore` write them. */
const SETTINGS: readonly (readonly [since: number, name: string])[] = [[17, 'transaction_timeout']];

/**
 * Settings that the programs of one major write into their SQL and that a server of another doesn't
 * know. A restore that stops at the first error stops at `SET <name> = 0;` unless it leaves that line
 * out. Empty where the programs are the server's own.
 */
export function foreignSettings(programMajor: number, serverMajor: number): readonly string[] {
  return SETTINGS.filter(([since]) => programMajor >= since && serverMajor < since).map(
    ([, name]) => name,
  );
}
