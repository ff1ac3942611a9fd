import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBuild } from './support/command.ts';
import { assetOf, type Bench, CLIENT, setUpBench } from './support/harness.ts';
import { makeMirror } from './support/mirror.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await setUpBench();
});

describe('versions', () => {
  test('below the floor are refused for a deployment, give a local warning, and are marked if accepted', async () => {
    const old = await makeMirror(path.join(bench.folder, 'old'));
    old.addSuite('trixie', bench.debs, (name) =>
      name === 'postgresql-client-17' ? { name, version: '17.10-1' } : undefined,
    );
    const cache = bench.newCache();
    const env = old.environment([bench.codename]);
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

  test('of an older layer in the cache are replaced for a deployment if the mirror has the fix', async () => {
    const cache = bench.newCache();
    const changing = await makeMirror(path.join(bench.folder, 'changing'));
    changing.addSuite('trixie', bench.debs, (name) =>
      name === 'postgresql-client-17' ? { name, version: '17.10-1' } : undefined,
    );
    const env = changing.environment([bench.codename]);
    assetOf(await startBuild(cache, [...CLIENT, '17'], { env }).ended);
    changing.addSuite('trixie', bench.debs);
    // Indexes of the last minute count as new.
    rmSync(path.join(cache, 'apt'), { recursive: true });
    const deploy = await startBuild(cache, [...CLIENT, '17', '--deploy', '--keep'], { env }).ended;
    expect(assetOf(deploy).manifest.belowFloor).toEqual([]);
  });

  test("of 16 come from the machine's other source, with its own release's libraries", async () => {
    const extra = await makeMirror(path.join(bench.folder, 'extra'));
    extra.addSuite(
      bench.codename,
      bench.debs.filter((deb) => !path.basename(deb).startsWith('postgresql')),
    );
    extra.addSuite(
      `${bench.codename}-pgdg`,
      bench.debs.filter((deb) => path.basename(deb).startsWith('postgresql-client-17')),
      () => ({ name: 'postgresql-client-16', version: '16.15-1.pgdg1' }),
    );
    const separate = path.join(bench.folder, 'extra-pgdg');
    cpSync(extra.folder, separate, { recursive: true });
    const env = extra.environment([bench.codename]);
    const list = path.join(extra.folder, 'sources.list.d', 'pgdg.list');
    writeFileSync(list, `deb [trusted=yes] file:${separate} ${bench.codename}-pgdg main\n`);
    const { manifest } = assetOf(
      await startBuild(bench.newCache(), [...CLIENT, '16'], { env }).ended,
    );
    expect(manifest.programs).toEqual({ 16: '16.15' });
  });

  test('of a major that no source has are refused by name, with the places that were searched', async () => {
    const { code, said } = await bench.build(bench.newCache(), [...CLIENT, '14']);
    expect(code).toBe(1);
    expect(said).toMatch(/No postgresql-client-14 in |could not be read/);
  });
});

describe('suites', () => {
  test('a release that has no security suite yet is built without one', async () => {
    const suites = ['', '-updates', '-security'].map((suffix) => `${bench.codename}${suffix}`);
    const env = bench.mirror.environment(suites);
    const { manifest } = assetOf(
      await startBuild(bench.newCache(), [...CLIENT, '17'], { env }).ended,
    );
    expect(Object.keys(manifest.programs)).toEqual(['17']);
  });

  test('a fix in the security suite is used, although the release itself is older', async () => {
    const split = await makeMirror(path.join(bench.folder, 'split'));
    split.addSuite('trixie', bench.debs, (name) =>
      name === 'postgresql-client-17' ? { name, version: '17.10-1' } : undefined,
    );
    const client = bench.debs.filter((deb) => path.basename(deb).startsWith('postgresql-client'));
    split.addSuite('trixie-security', client);
    const env = split.environment([bench.codename, `${bench.codename}-security`]);
    const args = [...CLIENT, '17', '--deploy'];
    const { manifest } = assetOf(await startBuild(bench.newCache(), args, { env }).ended);
    expect(manifest.belowFloor).toEqual([]);
  });
});

describe('failures', () => {
  test('a package that differs from its index stops the build', async () => {
    const tampered = await makeMirror(path.join(bench.folder, 'tampered'));
    tampered.addSuite('trixie', bench.debs);
    const file = path.join(tampered.folder, 'pool', 'trixie-libpq5.deb');
    const bytes = readFileSync(file);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const cache = bench.newCache();
    const env = tampered.environment([bench.codename]);
    const { code, said } = await startBuild(cache, [...CLIENT, '17'], { env }).ended;
    expect(code).toBe(1);
    expect(said).toContain("is not what the mirror's signed index promises");
    expect(
      readdirSync(path.join(cache, 'debs')).filter((name) => name.startsWith('libpq5')),
    ).toEqual([]);
  });

  test('a mirror that does not answer is named as the reason', async () => {
    const env = bench.mirror.environment([bench.codename]);
    const parts = path.join(bench.mirror.folder, 'sources.list.d', 'mirror.list');
    writeFileSync(parts, `deb [trusted=yes] http://127.0.0.1:9/debian ${bench.codename} main\n`);
    const nowhere = { ...env, http_proxy: '', no_proxy: '127.0.0.1' };
    const { code, said } = await startBuild(bench.newCache(), [...CLIENT, '17'], { env: nowhere })
      .ended;
    expect(code).toBe(1);
    expect(said).toMatch(
      /mirror of this machine's apt configuration could not be read:.*127\.0\.0\.1/,
    );
  });

  test.each([
    ['while packages are unpacked', '20m'],
    ['at the first file', '4k'],
  ])(
    'a full disk is named as the reason, and nothing counts as built (%s)',
    async (_when, size) => {
      const small = path.join(bench.folder, `small-${size}`);
      mkdirSync(small);
      // There is room for the packages, but not for their contents.
      const packed = await makeMirror(path.join(bench.folder, `packed-${size}`));
      packed.addSuite('trixie', bench.compressed);
      const { said } = inSmallFolder(small, size, packed.environment([bench.codename]));
      expect(said).toContain('The disk is full in');
      expect(said).not.toMatch(/^[0-9a-f]{64}$/m);
    },
  );

  test('apt-get that waits forever on a full disk is ended', () => {
    const small = path.join(bench.folder, 'small-waiting');
    const bin = path.join(bench.folder, 'waiting');
    mkdirSync(small);
    mkdirSync(bin);
    // As apt's http method does: it fills the disk and never reports it.
    const apt = `#!/bin/sh
[ "$1" = --version ] && exit
head -c 30m /dev/zero > "$CACHE/filled" 2> /dev/null
exec sleep 1000
`;
    writeFileSync(path.join(bin, 'apt-get'), apt, { mode: 0o755 });
    const env = bench.mirror.environment([bench.codename]);
    const { said } = inSmallFolder(small, '2m', { ...env, PATH: `${bin}:${process.env.PATH}` });
    expect(said).toContain('The disk is full in');
  });
});

/** Builds in a folder of at most `size` (in the form that mount accepts). */
function inSmallFolder(small: string, size: string, env: Record<string, string>) {
  const script =
    'mount -t tmpfs -o size="$2" none "$1" && shift 2 && "$@"; code=$?; ls "$CACHE/built" >&2; exit $code';
  const inside = path.resolve(import.meta.dirname, '../../layers/postgres/build.ts');
  const command = [process.execPath, inside, '--cache', small, ...CLIENT, '17'];
  const { stderr } = spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', script, 'sh', small, size, ...command],
    {
      env: { ...process.env, ...env, CACHE: small },
      stdio: 'pipe',
      encoding: 'utf8',
      timeout: 50_000,
    },
  );
  return { said: stderr };
}
