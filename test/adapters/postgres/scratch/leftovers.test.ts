import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweep } from '../../../../adapters/postgres/scratch/server/folder.ts';
import {
  eventually,
  isAlive,
  makePlace,
  type Place,
  SILENT,
  serverRoot,
  watchdogOf,
} from './support.ts';

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(async () => {
  await place.clear();
});

interface Other {
  readonly child: ChildProcess;
  readonly folder: string;
  /** Of the server. */
  readonly pid: number;
}

const startOther = async (): Promise<Other> => {
  const program = path.join(import.meta.dirname, 'own-process.ts');
  const child = fork(program, [place.folder, await serverRoot()]);
  const [told] = (await once(child, 'message')) as [Omit<Other, 'child'>];
  return { child, ...told };
};

const kill = async (child: ChildProcess): Promise<void> => {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
};

describe('a process that is killed', () => {
  it('ends with its server and its folder', async () => {
    const { child, folder, pid } = await startOther();
    await kill(child);
    await eventually(() => !isAlive(pid) && !existsSync(folder));
    expect(Number.isNaN(watchdogOf(pid))).toBe(true);
  });

  it('leaves a folder if its watchdog was killed too, which stays while the server lives and is swept then', async () => {
    const { child, folder, pid } = await startOther();
    process.kill(watchdogOf(pid), 'SIGKILL');
    await kill(child);
    expect(isAlive(pid)).toBe(true);
    const first = await place.start();
    await first.stop();
    expect(isAlive(pid)).toBe(true);
    expect(existsSync(path.join(folder, 'data', 'base'))).toBe(true);
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isAlive(pid));
    const second = await place.start();
    expect(readdirSync(place.folder)).toEqual([path.basename(second.access.host)]);
    await second.stop();
  });

  it('does not affect the folder of a live process', async () => {
    const { child, folder, pid } = await startOther();
    await sweep(place.folder, SILENT);
    expect(existsSync(path.join(folder, 'data', 'base'))).toBe(true);
    // Its server may have ended already while it has not yet removed the folder.
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isAlive(pid));
    await sweep(place.folder, SILENT);
    expect(existsSync(path.join(folder, 'data', 'base'))).toBe(true);
    await kill(child);
    await sweep(place.folder, SILENT);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('folders without a listening server', () => {
  it('are leftovers once they are a minute old; other files in the temporary folder are left alone', async () => {
    const young = path.join(place.folder, 'larder-pg-young1');
    const old = path.join(place.folder, 'larder-pg-older1');
    const foreign = path.join(place.folder, 'larder-other');
    const file = path.join(place.folder, 'larder-pg-afile1');
    for (const folder of [young, old, foreign])
      mkdirSync(path.join(folder, 'data'), { recursive: true });
    writeFileSync(file, '');
    const hourAgo = Date.now() / 1000 - 3600;
    for (const one of [old, foreign, file]) utimesSync(one, hourAgo, hourAgo);
    await sweep(place.folder, SILENT);
    expect([young, old, foreign, file].map((one) => existsSync(one))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });
});
