import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBuild } from './support/command.ts';
import { assetOf, type Bench, CLIENT, setUpBench } from './support/harness.ts';
import { asServerUser, giveAway } from './support/scratch.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await setUpBench();
});

describe('a machine without apt', () => {
  /** A PATH without any program. */
  function emptyPath(): string {
    return mkdtempSync(path.join(bench.folder, 'bin-'));
  }

  test('and without a container engine reports the three ways out', async () => {
    const env = { PATH: emptyPath(), CDK_DOCKER: '' };
    const { code, said } = await bench.build(bench.newCache(), [...CLIENT, '17'], env);
    expect(code).toBe(1);
    expect(said).toMatch(/\(1\) install Docker.*\(2\) .*npm run layers.*\(3\) .*ARNs/);
    expect(said).not.toMatch(/\n\s+at /);
  });

  test('builds in a container with the same script, options and cache', async () => {
    const cache = bench.newCache();
    const log = path.join(bench.folder, 'engine.log');
    const engine = path.join(bench.folder, 'engine');
    // Replaces the container engine: the container's Debian is this machine with its apt.
    writeFileSync(
      engine,
      `#!/bin/sh
echo "$@" >> ${log}
[ "$1" = run ] || exit 0
while [ "$1" != node ]; do shift; done
shift 2
PATH=${process.env.PATH} LARDER_LAYER_CACHE=${cache} exec ${process.execPath} ` +
        `${path.resolve(import.meta.dirname, '../../layers/postgres/build.ts')} "$@"\n`,
    );
    chmodSync(engine, 0o755);
    const env = { PATH: emptyPath(), CDK_DOCKER: engine };
    const built = assetOf(await bench.build(cache, [...CLIENT, '17'], env));
    expect(built.manifest.programs).toHaveProperty('17');
    const calls = readFileSync(log, 'utf8').trim().split('\n');
    expect(calls[0]).toMatch(/^build .*layers\/postgres$/);
    expect(calls[1]).toContain(`--volume ${cache}:/cache`);
    expect(calls[1]).toContain('--layer client --arch x86_64 --majors 17');
  });

  test('a container without root writes to the cache as the user who started it, with Podman too', async () => {
    const log = path.join(bench.folder, 'podman.log');
    const engine = path.join(bench.folder, 'podman');
    writeFileSync(engine, `#!/bin/sh\necho "$PODMAN_USERNS $*" >> ${log}\n`);
    chmodSync(engine, 0o755);
    const cache = bench.newCache();
    mkdirSync(cache);
    writeFileSync(log, '');
    await giveAway(cache);
    chmodSync(log, 0o666);
    const env = { PATH: emptyPath(), CDK_DOCKER: engine };
    const { said } = await startBuild(cache, [...CLIENT, '17'], { env, ...asServerUser() }).ended;
    expect(said).toContain('it left no layer');
    const run = readFileSync(log, 'utf8').trim().split('\n')[1];
    expect(run).toMatch(/^keep-id run .*--user \d+:\d+/);
  });

  test('on which the engine fails reports the ways out', async () => {
    const env = { PATH: emptyPath(), CDK_DOCKER: '/bin/false' };
    const { code, said } = await bench.build(bench.newCache(), [...CLIENT, '17'], env);
    expect(code).toBe(1);
    expect(said).toContain('"/bin/false build" ended with exit code 1. Three ways out');
  });

  test("uses another machine's cache unchanged, and its programs run in their new place", async () => {
    const origin = bench.newCache();
    assetOf(await bench.build(origin, [...CLIENT, '17']));
    const copied = bench.newCache();
    for (const part of ['built', 'requests']) {
      cpSync(path.join(origin, part), path.join(copied, part), { recursive: true });
    }
    assetOf(await bench.build(copied, [...CLIENT, '17', '--keep'], { PATH: emptyPath() }));
    const [here = ''] = readdirSync(path.join(copied, 'here'));
    const dump = path.join(copied, 'here', here, 'postgres/17/bin/pg_dump');
    expect(execFileSync(dump, ['--version'], { encoding: 'utf8' })).toMatch(/ 17\./);
    expect(statSync(dump).mode & 0o777).toBe(0o755);
  });
});
