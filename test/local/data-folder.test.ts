import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDataFolder } from '../../local/start/data-folder.ts';

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'larder-folders-'));
});
afterAll(() => rm(parent, { recursive: true }));

const modeOf = async (folder: string): Promise<string> =>
  ((await stat(folder)).mode & 0o777).toString(8);

it('creates a data folder, and its parents, that no other user can enter', async () => {
  const folder = path.join(parent, 'new', 'data');
  const opened = await openDataFolder(folder);
  expect([await modeOf(folder), await modeOf(path.dirname(folder))]).toEqual(['700', '700']);
  await opened.release();
});

it.each(['history', 'databases', 'nothing'])(
  'tightens one that an earlier start left open to all, with %s',
  async (name) => {
    const folder = await mkdtemp(path.join(parent, 'old-'));
    if (name !== 'nothing') await mkdir(path.join(folder, name));
    await chmod(folder, 0o755);
    const opened = await openDataFolder(folder);
    expect(await modeOf(folder)).toBe('700');
    await opened.release();
  },
);

it('accepts no folder that is used for other things, and leaves its mode', async () => {
  const folder = await mkdtemp(path.join(parent, 'other-'));
  await writeFile(path.join(folder, 'thesis.txt'), '');
  await chmod(folder, 0o755);
  await expect(openDataFolder(folder)).rejects.toThrow(
    /holds files that `npm start` did not write/,
  );
  expect(await modeOf(folder)).toBe('755');
});
