import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { prune } from '../../layers/postgres/prune.ts';
import { treeHash } from '../../layers/postgres/seal.ts';
import { startBuild } from './support/command.ts';
import { assetOf, type Bench, builtIn, CLIENT, setUpBench, strays } from './support/harness.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await setUpBench();
});

describe('a build', () => {
  test('gives the same bytes in another folder with another umask, and names every package', async () => {
    const [one, two] = [bench.newCache(), path.join(bench.newCache(), 'deeper', 'place')];
    const first = assetOf(await bench.build(one, [...CLIENT, '17']));
    const before = process.umask(0o077);
    const second = assetOf(
      await bench.build(two, [...CLIENT, '17']).finally(() => process.umask(before)),
    );
    expect(first.directory).not.toBe(second.directory);
    expect(await treeHash(second.directory)).toBe(await treeHash(first.directory));
    for (const name of readdirSync(path.join(two, 'here'), { recursive: true }).map(String)) {
      const { mode } = statSync(path.join(two, 'here', name));
      expect({ name, shared: mode & 0o044 }).toEqual({ name, shared: 0o044 });
    }
    expect(first.manifest.packages.map((one) => one.name)).toContain('libssl3t64');
    for (const one of first.manifest.packages) {
      expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
      const licence = path.join('postgres/client/licences', `${one.name}.${one.release}.txt`);
      expect(existsSync(path.join(first.directory, licence))).toBe(true);
    }
  });

  test("does not touch the system's apt", async () => {
    const places = ['/var/lib/apt', '/var/cache/apt', '/etc/apt', '/var/lib/dpkg'];
    const state = () =>
      execFileSync('find', [...places, '-printf', '%p %s %T@ %C@\n'], { encoding: 'utf8' });
    const before = state();
    assetOf(await bench.build(bench.newCache(), [...CLIENT, '17']));
    expect(state()).toBe(before);
  });

  test('that runs twice at once gives one layer, and both have it', async () => {
    const cache = bench.newCache();
    const both = await Promise.all([
      bench.build(cache, [...CLIENT, '17']),
      bench.build(cache, [...CLIENT, '17']),
    ]);
    const [one, two] = both.map(assetOf);
    expect(one?.directory).toBe(two?.directory);
    expect(builtIn(cache)).toHaveLength(1);
    expect(strays(cache)).toEqual([]);
  });

  test('that is killed in the middle leaves nothing that counts as built, and the next one is complete', async () => {
    const cache = bench.newCache();
    let kill = () => {};
    const { child, ended } = startBuild(cache, [...CLIENT, '17'], {
      env: bench.mirror.environment([bench.codename]),
      said: (text) => {
        if (text.includes('packages')) setTimeout(() => kill(), 150);
      },
    });
    kill = () => child.pid && process.kill(-child.pid, 'SIGKILL');
    expect((await ended).code).toBe(null);
    expect(strays(cache)).not.toEqual([]);
    expect(builtIn(cache)).toEqual([]);
    const after = assetOf(await bench.build(cache, [...CLIENT, '17']));
    const fresh = assetOf(await bench.build(bench.newCache(), [...CLIENT, '17']));
    expect(await treeHash(after.directory)).toBe(await treeHash(fresh.directory));
    expect(strays(cache)).toEqual([]);
  });

  test('does not wait for the lock of a builder whose process id another process has now', async () => {
    const cache = bench.newCache();
    const first = assetOf(await bench.build(cache, [...CLIENT, '17']));
    rmSync(path.join(cache, 'built'), { recursive: true });
    mkdirSync(path.join(cache, 'built'));
    const left = `${first.directory}.lock`;
    // In a container each builder is process 1.
    writeFileSync(left, `${process.pid}`);
    const minuteAgo = new Date(Date.now() - 60_000);
    utimesSync(left, minuteAgo, minuteAgo);
    expect(assetOf(await bench.build(cache, [...CLIENT, '17'])).directory).toBe(first.directory);
    expect(strays(cache)).toEqual([]);
  });

  test.each([
    ['with a space and an apostrophe', "it's one"],
    ['below a folder that is not there yet', 'a/b/c'],
  ])('works with a cache %s', async (_how, name) => {
    const cache = path.join(bench.newCache(), name);
    const { directory } = assetOf(await bench.build(cache, [...CLIENT, '17']));
    const [here = ''] = readdirSync(path.join(cache, 'here'));
    const dump = path.join(cache, 'here', here, 'postgres/17/bin/pg_dump');
    expect(execFileSync(dump, ['--version'], { encoding: 'utf8' })).toMatch(/ 17\./);
    expect(directory.startsWith(cache)).toBe(true);
  });

  test.each([
    ['a quote', 'say "x"'],
    ['a colon', 'one:two'],
    ['a file in its place', 'taken/cache'],
  ])('refuses an unusable cache (%s), and says what to do', async (_how, name) => {
    const place = bench.newCache();
    mkdirSync(place);
    writeFileSync(path.join(place, 'taken'), '');
    const { code, said } = await bench.build(path.join(place, name), [...CLIENT, '17']);
    expect(code).toBe(1);
    expect(said).toMatch(/Layers can't be built in .*LARDER_LAYER_CACHE/);
    expect(said).not.toMatch(/\n\s+at /);
  });

  test('uses an existing layer without asking the mirror', async () => {
    const cache = bench.newCache();
    const first = await bench.build(cache, [...CLIENT, '17']);
    const offline = { PATH: path.join(bench.folder, 'nothing'), APT_CONFIG: '/nowhere' };
    const again = await bench.build(cache, [...CLIENT, '17', '--keep'], offline);
    expect(again).toEqual({ code: 0, output: first.output, said: '' });
  });

  test('removes after a month the layers that nobody used, and keeps the others', async () => {
    const cache = bench.newCache();
    const first = assetOf(await bench.build(cache, [...CLIENT, '17']));
    const forgotten = path.join(cache, 'requests', 'forgotten.json');
    writeFileSync(forgotten, '{"inputs":"gone"}');
    const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60_000);
    utimesSync(forgotten, longAgo, longAgo);
    await prune(cache);
    expect(existsSync(forgotten)).toBe(false);
    expect(existsSync(first.directory)).toBe(true);
    expect(readdirSync(path.join(cache, 'requests'))).toHaveLength(1);
    expect(strays(cache)).toEqual([]);
  });

  test('downloads a file again that was damaged in the cache', async () => {
    const cache = bench.newCache();
    const first = assetOf(await bench.build(cache, [...CLIENT, '17']));
    const hash = await treeHash(first.directory);
    for (const name of readdirSync(path.join(cache, 'debs'))) {
      writeFileSync(path.join(cache, 'debs', name), 'damaged');
    }
    rmSync(path.join(cache, 'built'), { recursive: true });
    rmSync(path.join(cache, 'here'), { recursive: true });
    expect(await treeHash(assetOf(await bench.build(cache, [...CLIENT, '17'])).directory)).toBe(
      hash,
    );
  });
});
