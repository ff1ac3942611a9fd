import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { chooseMajor, foreignSettings } from '../../core/programs.ts';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { hostArchitecture } from '../../layers/postgres/layer.ts';
import { ensureTool } from '../../layers/postgres/tools.ts';
import { type Certificates, makeCertificates } from './support/certificate.ts';
import { type EmptyRoot, makeEmptyRoot } from './support/empty-root.ts';
import { scratchFolder } from './support/scratch.ts';
import { FINGERPRINT, PASSWORD, SAMPLE, type Server, startServer } from './support/server.ts';

const HOST = 'db.larder.test';
const SCHEMA = '"Te.na?nt"';
const MINUTE = 60_000;

let certificates: Certificates;
const servers = new Map<number, Server>();
const roots = new Map<string, EmptyRoot>();

beforeAll(async () => {
  const folder = await scratchFolder();
  certificates = await makeCertificates(folder, HOST);
  const files = {
    'hostile/libc.so.6': 'not a library',
    'hostile/libpq.so.5': 'not a library',
    'ca.pem': certificates.authority,
    'stranger.pem': certificates.stranger,
  };
  for (const arch of ['x86_64', 'arm64'] as const) {
    const { assetDirectory } = await ensureLayer({ layer: 'client', arch });
    roots.set(arch, makeEmptyRoot(path.join(folder, arch), [assetDirectory], files));
  }
  for (const major of [15, 18]) {
    const server = await startServer(folder, major, certificates);
    servers.set(major, server);
    await server.query('CREATE DATABASE origin');
    await server.query(SAMPLE, 'origin');
  }
  // The emulator is one static file; without it the root has nothing but the layer.
  const { command } = await ensureTool('qemu-user', 'usr/bin/qemu-aarch64');
  copyFileSync(command.at(-1) ?? '', path.join(folder, 'arm64', 'qemu'));
}, 4 * MINUTE);

function at(arch: string): EmptyRoot {
  const root = roots.get(arch);
  if (!root) throw new Error(`no root for ${arch}`);
  return root;
}

function on(major: number): Server {
  const server = servers.get(major);
  if (!server) throw new Error(`no server of ${major}`);
  return server;
}

/** This machine runs its own architecture natively and the other one under the emulator. */
function program(arch: string, name: string): string[] {
  return arch === hostArchitecture()
    ? [`/opt/postgres/${name}`]
    : ['/qemu', `/opt/postgres/${name}`];
}

function connection(server: Server, more: Record<string, string> = {}): Record<string, string> {
  return {
    PGHOST: HOST,
    PGHOSTADDR: '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: 'postgres',
    PGPASSWORD: PASSWORD,
    PGDATABASE: 'origin',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: '/ca.pem',
    PGCONNECT_TIMEOUT: '20',
    // Lambda sets this; the layer's own libraries must still come first.
    LD_LIBRARY_PATH: '/hostile:/lib64:/usr/lib64:/var/runtime:/opt/lib',
    ...more,
  };
}

describe.each(['x86_64', 'arm64'])('the %s client in an empty root', (arch) => {
  test.each(['15/bin', '17/bin', '18/bin'])('%s has programs of its major that start', (bin) => {
    const major = bin.split('/')[0];
    for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
      const { code, output, said } = at(arch).run([
        ...program(arch, `${bin}/${name}`),
        '--version',
      ]);
      expect({ code, said }).toEqual({ code: 0, said: '' });
      expect(output).toMatch(new RegExp(`^${name} \\(PostgreSQL\\) ${major}\\.\\d+`));
    }
  });

  test.each([
    [15, 15, 'custom'],
    [18, 18, 'custom'],
    [18, 18, 'plain'],
    [15, 15, 'tar'],
  ])(
    'dumps a server of %i with programs of %i over verified TLS and restores it there (%s)',
    async (major, programs, format) => {
      const server = on(major);
      const target = `copy_${arch}_${format}`;
      await server.query(`CREATE DATABASE ${target}`);
      const bin = `${programs}/bin`;
      const flags = ['--schema', SCHEMA, '--strict-names', '--format', format, '-f', `/${target}`];
      const env = connection(server);
      const dump = at(arch).run([...program(arch, `${bin}/pg_dump`), ...flags], { env });
      expect(dump).toEqual({ code: 0, output: '', said: '' });
      const into = { env: { ...env, PGDATABASE: target } };
      const restore =
        format === 'plain'
          ? [
              'psql',
              '-X',
              '-q',
              '-v',
              'ON_ERROR_STOP=1',
              '--single-transaction',
              '-f',
              `/${target}`,
            ]
          : ['pg_restore', '--exit-on-error', '--single-transaction', '-d', target, `/${target}`];
      const [name = '', ...args] = restore;
      const restored = at(arch).run([...program(arch, `${bin}/${name}`), ...args], into);
      expect({ code: restored.code, said: restored.said }).toEqual({ code: 0, said: '' });
      const before = await server.query(FINGERPRINT, 'origin');
      const after = await server.query(FINGERPRINT, target);
      expect(after.rows).toEqual(before.rows);
      expect(before.rows[0]).toMatchObject({
        parents: '5000',
        part: '1000',
        owner: 'Tenant Owner',
      });
    },
    2 * MINUTE,
  );

  test('refuses a server whose certificate is for another host', () => {
    const env = connection(on(18), { PGHOST: 'other.larder.test' });
    const { code, said } = at(arch).run([...program(arch, '18/bin/pg_dump')], { env });
    expect(code).toBe(1);
    expect(said).toContain('server certificate for "db.larder.test" does not match host name');
  });

  test.each([
    ['an authority that did not sign it', '/stranger.pem'],
    ['those of RDS', '/opt/postgres/certs/rds-ca.pem'],
  ])('refuses a server by %s', (_name, file) => {
    const env = connection(on(18), { PGSSLROOTCERT: file });
    const { code, said } = at(arch).run([...program(arch, '15/bin/psql'), '-c', 'SELECT 1'], {
      env,
    });
    expect(code).not.toBe(0);
    expect(said).toContain('certificate verify failed');
  });

  test('a dump of a server whose major is missing is restored there, except the settings listed', async () => {
    const server = on(15);
    const programs = chooseMajor(15, [17, 18]);
    const env = connection(server);
    const target = `foreign_${arch}`;
    await server.query(`CREATE DATABASE ${target}`);
    const flags = ['--schema', SCHEMA, '--format', 'plain', '-f', `/${target}`];
    const dump = at(arch).run([...program(arch, `${programs}/bin/pg_dump`), ...flags], { env });
    expect(dump.code).toBe(0);
    const file = path.join(at(arch).place, target);
    const sql = readFileSync(file, 'utf8');
    const psql = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', `/${target}`];
    const command = [...program(arch, `${programs}/bin/psql`), ...psql];
    const into = { env: { ...env, PGDATABASE: target } };
    expect(at(arch).run(command, into).said).toContain('transaction_timeout');
    const foreign = foreignSettings(programs, 15).map((name) => `SET ${name} = 0;`);
    const mended = sql.split('\n').filter((line) => !foreign.includes(line));
    writeFileSync(file, mended.join('\n'));
    expect(at(arch).run(command, into)).toEqual({ code: 0, output: expect.any(String), said: '' });
    const before = await server.query(FINGERPRINT, 'origin');
    expect((await server.query(FINGERPRINT, target)).rows).toEqual(before.rows);
  });

  test('compresses with bzip2, and decompresses', () => {
    writeFileSync(path.join(at(arch).place, 'plain.sql'), 'SELECT 1;\n'.repeat(1000));
    const packed = at(arch).run([...program(arch, 'bin/bzip2'), '-k', '/plain.sql']);
    expect(packed).toEqual({ code: 0, output: '', said: '' });
    const again = at(arch).run([...program(arch, 'bin/bzip2'), '-dc', '/plain.sql.bz2']);
    expect(again.output).toBe('SELECT 1;\n'.repeat(1000));
  });
});

test('pg_dumpall writes the roles if there is a shell, with which it starts pg_dump', async () => {
  const arch = hostArchitecture();
  const busybox = await ensureTool('busybox-static', 'usr/bin/busybox');
  const { assetDirectory } = await ensureLayer({ layer: 'client', arch });
  const place = path.join(path.dirname(at(arch).place), 'with-shell');
  const root = makeEmptyRoot(place, [assetDirectory], { 'ca.pem': certificates.authority });
  mkdirSync(path.join(place, 'bin'));
  copyFileSync(busybox.command.at(-1) ?? '', path.join(place, 'bin', 'sh'));
  const command = ['/opt/postgres/18/bin/pg_dumpall', '--roles-only', '--no-role-passwords'];
  const { code, output, said } = root.run(command, { env: connection(on(18)) });
  expect({ code, said }).toEqual({ code: 0, said: '' });
  expect(output).toContain('CREATE ROLE "Tenant Owner"');
});
