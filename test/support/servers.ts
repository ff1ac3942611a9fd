import { afterAll, beforeAll } from 'vitest';
import { type ExtensionFiles, type Postgres, startPostgres } from './postgres.ts';

/**
 * Starts a server of each of these majors for the tests of a file, and calls `open` on it.
 * @returns the result of `open` for the server of a major
 */
export const openedOn = <T>(
  majors: readonly number[],
  open: (postgres: Postgres) => Promise<T>,
  extensionFiles?: ExtensionFiles,
): ((major: number) => T) => {
  const servers: Postgres[] = [];
  const opened = new Map<number, T>();
  const start = async (major: number): Promise<void> => {
    const postgres = await startPostgres(major, extensionFiles);
    servers.push(postgres);
    opened.set(major, await open(postgres));
  };
  beforeAll(async () => {
    await Promise.all(majors.map(start));
  });
  afterAll(async () => {
    for (const postgres of servers) await postgres.stop();
  });
  return (major) => {
    const found = opened.get(major);
    if (found === undefined) throw new Error(`no server ${major}`);
    return found;
  };
};

/** Starts a server of each of these majors for the tests of a file. */
export const serversOf = (...majors: readonly number[]): ((major: number) => Postgres) =>
  openedOn(majors, async (postgres) => postgres);
