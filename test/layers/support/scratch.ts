import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, chown, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll } from 'vitest';

/** PostgreSQL's server refuses to run as root: a user id that needs no account. */
export const UNPRIVILEGED = 65_534;

export const isRoot = process.getuid?.() === 0;

const endings: (() => void | Promise<void>)[] = [];

// A hook that is registered inside another hook would never run: this one is the file's own.
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

/** Does something when the test file ends, in reverse order. */
export function atEnd(end: () => void | Promise<void>): void {
  endings.push(end);
}

/** A folder that all users may enter, removed when the test file ends. */
export async function scratchFolder(): Promise<string> {
  const folder = mkdtempSync(path.join('/var/tmp', 'larder-layers-'));
  await chmod(folder, 0o755);
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Ends a child process when the test file ends, or when the process that runs it is stopped early. */
export function endWithFile(child: ChildProcess, signal: NodeJS.Signals): void {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => child.kill(signal);
  process.once('exit', stop);
  atEnd(async () => {
    process.off('exit', stop);
    if (child.exitCode === null && child.signalCode === null) {
      stop();
      await ended;
    }
  });
}

/** Gives a folder and its direct contents to the server's user. */
export async function giveAway(folder: string): Promise<void> {
  if (!isRoot) return;
  await chown(folder, UNPRIVILEGED, UNPRIVILEGED);
  for (const name of await readdir(folder)) {
    await chown(path.join(folder, name), UNPRIVILEGED, UNPRIVILEGED);
  }
}

/** spawn options that make a child the server's user. */
export function asServerUser(): { uid?: number; gid?: number } {
  return isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
}

/** A free TCP port of 127.0.0.1. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
