import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findProgramFiles, majorsOf } from '../../adapters/postgres/programs/program-files.ts';
import { ServerTooNew } from '../../core/errors/source.ts';
import { chooseMajor, foreignSettings, majorOfVersionNumber } from '../../core/programs.ts';
import { scratchFolder } from './support/scratch.ts';

describe('choosing a program', () => {
  test.each([
    [15, [15, 17, 18], 15],
    [16, [15, 17, 18], 17],
    [17, [18, 17, 15], 17],
    [18, [15, 17, 18], 18],
    [14, [15, 17, 18], 15],
    [9, [15, 17, 18], 15],
    [17, [17, 17], 17],
  ])('a server of %i with %j available gets %i', (server, onHand, chosen) => {
    expect(chooseMajor(server, onHand)).toBe(chosen);
  });

  test.each([
    [19, [15, 17, 18], '15, 17, 18'],
    [18, [17], '17'],
    [15, [], 'none'],
  ])('a server of %i is too new for %j, and the error names them', (server, onHand, named) => {
    const choose = () => chooseMajor(server, onHand);
    expect(choose).toThrow(ServerTooNew);
    expect(choose).toThrow(named);
  });

  test('never chooses an older one, nor one further away than needed', () => {
    const majors = fc.integer({ min: 9, max: 30 });
    fc.assert(
      fc.property(majors, fc.array(majors), (server, onHand) => {
        const able = onHand.filter((major) => major >= server);
        if (able.length === 0) expect(() => chooseMajor(server, onHand)).toThrow(ServerTooNew);
        else expect(chooseMajor(server, onHand)).toBe(Math.min(...able));
      }),
    );
  });

  test.each([
    [180_006, 18],
    [150_019, 15],
    [90_624, 9],
  ])('server_version_num %i is major %i', (number, major) => {
    expect(majorOfVersionNumber(number)).toBe(major);
  });

  test('lists the settings that a server does not know', () => {
    expect(foreignSettings(17, 16)).toEqual(['transaction_timeout']);
    expect(foreignSettings(18, 18)).toEqual([]);
    expect(foreignSettings(16, 15)).toEqual([]);
  });
});

describe('finding programs', () => {
  const CLIENT = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];
  const SERVER = ['initdb', 'pg_ctl', 'postgres'];

  function put(folder: string, names: readonly string[], mode = 0o755): void {
    mkdirSync(folder, { recursive: true });
    for (const name of names) {
      writeFileSync(path.join(folder, name), '');
      chmodSync(path.join(folder, name), mode);
    }
  }

  test('finds both layers merged under one root', async () => {
    const root = await scratchFolder();
    put(path.join(root, '15', 'bin'), CLIENT);
    put(path.join(root, '18', 'bin'), CLIENT);
    put(path.join(root, 'server/lib/postgresql/18/bin'), SERVER);
    put(path.join(root, 'bin'), ['bzip2']);
    put(path.join(root, 'certs'), ['rds-ca.pem'], 0o644);
    const found = await findProgramFiles(root);
    expect(majorsOf(found.clients)).toEqual([15, 18]);
    expect(found.clients[0]?.pgDump).toBe(path.join(root, '15/bin/pg_dump'));
    expect(found.servers[0]?.postgres).toBe(
      path.join(root, 'server/lib/postgresql/18/bin/postgres'),
    );
    expect(found.bzip2).toBe(path.join(root, 'bin/bzip2'));
    expect(found.rdsCertificates).toBe(path.join(root, 'certs/rds-ca.pem'));
  });

  test('prefers an earlier root, and recognizes a system folder of Debian', async () => {
    const [first, second] = [await scratchFolder(), await scratchFolder()];
    put(path.join(first, '17', 'bin'), CLIENT);
    put(path.join(second, '17', 'bin'), [...CLIENT, ...SERVER]);
    const found = await findProgramFiles(first, second);
    expect(found.clients.map((one) => one.psql)).toEqual([path.join(first, '17/bin/psql')]);
    expect(found.servers.map((one) => one.initdb)).toEqual([path.join(second, '17/bin/initdb')]);
  });

  test('ignores a major with a program missing or not executable', async () => {
    const root = await scratchFolder();
    put(path.join(root, '15', 'bin'), CLIENT.slice(1));
    put(path.join(root, '16', 'bin'), CLIENT, 0o644);
    put(path.join(root, 'notes', 'bin'), CLIENT);
    const found = await findProgramFiles(root, path.join(root, 'missing'));
    const nothing = { clients: [], servers: [], bzip2: undefined, rdsCertificates: undefined };
    expect(found).toEqual(nothing);
  });
});

test('finds no program of the layers on a machine that does not run Linux', () => {
  const module = path.resolve(import.meta.dirname, '../../local/database/programs.ts');
  const script = `
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    const { programsForDemo } = await import(${JSON.stringify(module)});
    const linkFolder = process.argv[1];
    const found = await programsForDemo({ linkFolder, onProgress() {} }).then(
      ({ programs }) => programs.roots,
      (error) => [error.message],
    );
    console.log(JSON.stringify(found));`;
  const folder = mkdtempSync(path.join(tmpdir(), 'larder-links-'));
  const args = ['--input-type=module', '--eval', script, folder];
  const found = execFileSync(process.execPath, args, { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(found).not.toContain('/built/');
  expect(found).toMatch(/postgresql/);
});
