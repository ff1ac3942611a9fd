import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LayerManifest } from '../../layers/postgres/layer.ts';
import { treeHash } from '../../layers/postgres/seal.ts';
import { type Ended, startBuild } from './support/command.ts';
import { type Mirror, makeMirror, ownCodename, realPackages } from './support/mirror.ts';
import { scratchFolder } from './support/scratch.ts';

const CLIENT = ['--layer', 'client', '--arch', 'x86_64', '--majors'];

let folder: string;
let mirror: Mirror;
let codename: string;
let debs: string[];
let caches = 0;

beforeAll(async () => {
  folder = await scratchFolder();
  debs = await realPackages();
  codename = await ownCodename();
  mirror = await makeMirror(path.join(folder, 'mirror'));
  mirror.addSuite('trixie', debs);
});

/** A cache of its own for a test. */
function newCache(): string {
  caches += 1;
  return path.join(folder, `cache-${caches}`);
}

/** Builds from the mirror on disk, whose suites are named as this machine's would be. */
function build(
  cache: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  return startBuild(cache, args, { env: { ...mirror.environment([codename]), ...env } }).ended;
}

function assetOf(ended: Ended): { directory: string; manifest: LayerManifest } {
  expect(ended).toMatchObject({ code: 0 });
  const directory =
    (JSON.parse(ended.output) as { assetDirectory: string }[])[0]?.assetDirectory ?? '';
  const file = path.join(directory, 'postgres', 'client', 'manifest.json');
  return { directory, manifest: JSON.parse(readFileSync(file, 'utf8')) as LayerManifest };
}

function strays(cache: string): string[] {
  const names = readdirSync(cache, { recursive: true }).map(String);
  return names.filter((name) => /(^|\/)(tmp-[^/]*|[^/]*\.lock)$/.test(name));
}

describe('a build', () => {
  test('gives the same bytes in another folder with another umask, and names every package', async () => {
    const [one, two] = [newCache(), path.join(newCache(), 'deeper', 'place')];
    const first = assetOf(await build(one, [...CLIENT, '17']));
    const before = process.umask(0o077);
    const second = assetOf(
      await build(two, [...CLIENT, '17']).finally(() => process.umask(before)),
    );
    expect(first.directory).not.toBe(second.directory);
    expect(await treeHash(second.directory)).toBe(await treeHash(first.directory));
    expect(first.manifest.packages.map((one) => one.name)).toContain('libssl3t64');
    for (const one of first.manifest.packages) {
      expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
      const licence = path.join('postgres/client/licences', `${one.name}.${one.release}.txt`);
      expect(existsSync(path.join(first.directory, licence))).toBe(true);
    }
  });

  test("touches nothing of the system's apt", async () => {
    const places = ['/var/lib/apt', '/var/cache/apt', '/etc/apt', '/var/lib/dpkg'];
    const state = () =>
      execFileSync('find', [...places, '-printf', '%p %s %T@ %C@\n'], { encoding: 'utf8' });
    const before = state();
    assetOf(await build(newCache(), [...CLIENT, '17']));
    expect(state()).toBe(before);
  });

  test('twice at once gives one layer, and both have it', async () => {
    const cache = newCache();
    const both = await Promise.all([
      build(cache, [...CLIENT, '17']),
      build(cache, [...CLIENT, '17']),
    ]);
    const [one, two] = both.map(assetOf);
    expect(one?.directory).toBe(two?.directory);
    expect(readdirSync(path.join(cache, 'built'))).toHaveLength(1);
    expect(strays(cache)).toEqual([]);
  });

  test('killed in the middle leaves nothing that counts as built, and the next one is whole', async () => {
    const cache = newCache();
    let kill = () => {};
    const { child, ended } = startBuild(cache, [...CLIENT, '17'], {
      env: mirror.environment([codename]),
      said: (text) => {
        if (text.includes('packages')) setTimeout(() => kill(), 150);
      },
    });
    kill = () => child.pid && process.kill(-child.pid, 'SIGKILL');
    expect((await ended).code).toBe(null);
    expect(strays(cache)).not.toEqual([]);
    expect(
      readdirSync(path.join(cache, 'built')).filter((name) => /^[0-9a-f]{64}$/.test(name)),
    ).toEqual([]);
    const after = assetOf(await build(cache, [...CLIENT, '17']));
    const fresh = assetOf(await build(newCache(), [...CLIENT, '17']));
    expect(await treeHash(after.directory)).toBe(await treeHash(fresh.directory));
    expect(strays(cache)).toEqual([]);
  });

  test('takes what is built already without asking anybody', async () => {
    const cache = newCache();
    const first = await build(cache, [...CLIENT, '17']);
    const offline = { PATH: path.join(folder, 'nothing'), APT_CONFIG: '/nowhere' };
    const again = await build(cache, [...CLIENT, '17', '--keep'], offline);
    expect(again).toEqual({ code: 0, output: first.output, said: '' });
  });

  test('a download that was damaged in the cache is fetched again', async () => {
    const cache = newCache();
    const first = assetOf(await build(cache, [...CLIENT, '17']));
    const hash = await treeHash(first.directory);
    for (const name of readdirSync(path.join(cache, 'debs'))) {
      writeFileSync(path.join(cache, 'debs', name), 'damaged');
    }
    rmSync(path.join(cache, 'built'), { recursive: true });
    rmSync(path.join(cache, 'here'), { recursive: true });
    expect(await treeHash(assetOf(await build(cache, [...CLIENT, '17'])).directory)).toBe(hash);
  });
});

describe('which versions', () => {
  test('below the floor: refused to be deployed, warned of locally, marked where accepted', async () => {
    const old = await makeMirror(path.join(folder, 'old'));
    old.addSuite('trixie', debs, (name) =>
      name === 'postgresql-client-17' ? { name, version: '17.10-1' } : undefined,
    );
    const cache = newCache();
    const env = old.environment([codename]);
    const local = await startBuild(cache, [...CLIENT, '17'], { env }).ended;
    expect(local.said).toContain('warning: PostgreSQL 17.10 is older than 17.11');
    expect(assetOf(local).manifest).toMatchObject({ belowFloor: ['17.10'], acceptedOlder: false });
    const deploy = await startBuild(cache, [...CLIENT, '17', '--deploy', '--keep'], { env }).ended;
    expect(deploy).toMatchObject({ code: 1, output: '' });
    expect(deploy.said).toMatch(/17\.10 \(needs 17\.11\).*--accept-older/);
    const accept = [...CLIENT, '17', '--deploy', '--accept-older'];
    const accepted = assetOf(await startBuild(cache, accept, { env }).ended);
    expect(accepted.manifest).toMatchObject({ belowFloor: ['17.10'], acceptedOlder: true });
  });

  test('an older layer in the cache is replaced when it is to be deployed and the mirror has the fix', async () => {
    const cache = newCache();
    const changing = await makeMirror(path.join(folder, 'changing'));
    changing.addSuite('trixie', debs, (name) =>
      name === 'postgresql-client-17' ? { name, version: '17.10-1' } : undefined,
    );
    const env = changing.environment([codename]);
    assetOf(await startBuild(cache, [...CLIENT, '17'], { env }).ended);
    changing.addSuite('trixie', debs);
    // Indexes of the last minute count as fresh.
    rmSync(path.join(cache, 'apt'), { recursive: true });
    const deploy = await startBuild(cache, [...CLIENT, '17', '--deploy', '--keep'], { env }).ended;
    expect(assetOf(deploy).manifest.belowFloor).toEqual([]);
  });

  test("16 comes from the machine's other source, with its own release's libraries", async () => {
    const extra = await makeMirror(path.join(folder, 'extra'));
    extra.addSuite(
      codename,
      debs.filter((deb) => !path.basename(deb).startsWith('postgresql')),
    );
    extra.addSuite(
      `${codename}-pgdg`,
      debs.filter((deb) => path.basename(deb).startsWith('postgresql-client-17')),
      () => ({ name: 'postgresql-client-16', version: '16.15-1.pgdg1' }),
    );
    const separate = path.join(folder, 'extra-pgdg');
    cpSync(extra.folder, separate, { recursive: true });
    const env = extra.environment([codename]);
    const list = path.join(extra.folder, 'sources.list.d', 'pgdg.list');
    writeFileSync(list, `deb [trusted=yes] file:${separate} ${codename}-pgdg main\n`);
    const { manifest } = assetOf(await startBuild(newCache(), [...CLIENT, '16'], { env }).ended);
    expect(manifest.programs).toEqual({ 16: '16.15' });
  });

  test('a major that no source has is refused by name, with where it was looked for', async () => {
    const { code, said } = await build(newCache(), [...CLIENT, '14']);
    expect(code).toBe(1);
    expect(said).toMatch(/No postgresql-client-14 in |could not be read/);
  });
});

describe('what goes wrong on the way', () => {
  test('a package that is not what the index promises stops the build', async () => {
    const tampered = await makeMirror(path.join(folder, 'tampered'));
    tampered.addSuite('trixie', debs);
    const file = path.join(tampered.folder, 'pool', 'trixie-libpq5.deb');
    const bytes = readFileSync(file);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const cache = newCache();
    const env = tampered.environment([codename]);
    const { code, said } = await startBuild(cache, [...CLIENT, '17'], { env }).ended;
    expect(code).toBe(1);
    expect(said).toContain("is not what the mirror's signed index promises");
    expect(
      readdirSync(path.join(cache, 'debs')).filter((name) => name.startsWith('libpq5')),
    ).toEqual([]);
  });

  test('a mirror that nobody answers at is named as the reason', async () => {
    const env = mirror.environment([codename]);
    const parts = path.join(mirror.folder, 'sources.list.d', 'mirror.list');
    writeFileSync(parts, `deb [trusted=yes] http://127.0.0.1:9/debian ${codename} main\n`);
    const nowhere = { ...env, http_proxy: '', no_proxy: '127.0.0.1' };
    const { code, said } = await startBuild(newCache(), [...CLIENT, '17'], { env: nowhere }).ended;
    expect(code).toBe(1);
    expect(said).toMatch(
      /mirror of this machine's apt configuration could not be read:.*127\.0\.0\.1/,
    );
  });

  test('a full disk is named as the reason, and nothing counts as built', async () => {
    const small = path.join(folder, 'small');
    mkdirSync(small);
    const script =
      'mount -t tmpfs -o size=12m none "$1" && shift && "$@"; code=$?; ls "$CACHE/built" >&2; exit $code';
    const inside = path.resolve(import.meta.dirname, '../../layers/postgres/build.ts');
    const command = [process.execPath, inside, '--cache', small, ...CLIENT, '17'];
    let said = '';
    try {
      execFileSync('unshare', ['-rm', 'sh', '-c', script, 'sh', small, ...command], {
        env: { ...process.env, ...mirror.environment([codename]), CACHE: small },
        stdio: 'pipe',
        encoding: 'utf8',
      });
    } catch (error) {
      said = (error as { stderr: string }).stderr;
    }
    expect(said).toContain('No space left while building in');
    expect(said).not.toMatch(/^[0-9a-f]{64}$/m);
  });
});

describe('a machine without apt', () => {
  /** A PATH with these programs only. */
  function onlyPath(programs: Readonly<Record<string, string>>): string {
    const bin = path.join(folder, `bin-${caches}`);
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    for (const [name, target] of Object.entries(programs))
      symlinkSync(target, path.join(bin, name));
    return bin;
  }

  test('and without a container engine is told the three ways out', async () => {
    const env = { PATH: onlyPath({}), CDK_DOCKER: '' };
    const { code, said } = await build(newCache(), [...CLIENT, '17'], env);
    expect(code).toBe(1);
    expect(said).toMatch(/\(1\) install Docker.*\(2\) .*npm run layers.*\(3\) .*ARNs/);
    expect(said).not.toMatch(/\n\s+at /);
  });

  test('builds in a container with the same script, options and cache', async () => {
    const cache = newCache();
    const log = path.join(folder, 'engine.log');
    const engine = path.join(folder, 'engine');
    // Stands in for the engine: the container's Debian is this machine with its apt.
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
    const env = { PATH: onlyPath({}), CDK_DOCKER: engine };
    const built = assetOf(await build(cache, [...CLIENT, '17'], env));
    expect(built.manifest.programs).toHaveProperty('17');
    const calls = readFileSync(log, 'utf8').trim().split('\n');
    expect(calls[0]).toMatch(/^build .*layers\/postgres$/);
    expect(calls[1]).toContain(`--volume ${cache}:/cache`);
    expect(calls[1]).toContain('--layer client --arch x86_64 --majors 17');
  });

  test('that an engine fails is told with the ways out', async () => {
    const env = { PATH: onlyPath({}), CDK_DOCKER: '/bin/false' };
    const { code, said } = await build(newCache(), [...CLIENT, '17'], env);
    expect(code).toBe(1);
    expect(said).toContain('"/bin/false build" ended with exit code 1. Three ways out');
  });

  test("uses another machine's cache as it is, and its programs run in their new place", async () => {
    const origin = newCache();
    assetOf(await build(origin, [...CLIENT, '17']));
    const copied = newCache();
    for (const part of ['built', 'requests']) {
      cpSync(path.join(origin, part), path.join(copied, part), { recursive: true });
    }
    assetOf(await build(copied, [...CLIENT, '17', '--keep'], { PATH: onlyPath({}) }));
    const [here = ''] = readdirSync(path.join(copied, 'here'));
    const dump = path.join(copied, 'here', here, 'postgres/17/bin/pg_dump');
    expect(execFileSync(dump, ['--version'], { encoding: 'utf8' })).toMatch(/ 17\./);
    expect(statSync(dump).mode & 0o777).toBe(0o755);
  });
});
