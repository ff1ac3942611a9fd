import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgramFiles } from '../../../../adapters/postgres/programs/program-files.ts';
import type { ScratchServer } from '../../../../adapters/postgres/scratch/server/server.ts';
import { eventually, makePlace, type Place, serverRoot } from './support.ts';

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(async () => {
  await place.clear();
});

/** As the database's owner. */
const run = async (server: ScratchServer, sql: string): Promise<void> => {
  const client = await server.connect(server.ownerAccess);
  await client.query(sql).finally(() => client.end());
};

describe('which server is started', () => {
  it("is of the backup's own major if there is one, else of the next one above", async () => {
    const programRoots = [await serverRoot(15), await serverRoot(18)];
    const own = await place.start({ programRoots, backupMajor: 15 });
    expect(own.version).toMatch(/^15\./);
    await run(own, 'CREATE SCHEMA acme; CREATE TABLE public.p ()');
    await own.stop();
    const above = await place.start({ programRoots, backupMajor: 16 });
    expect(above.major).toBe(18);
    await above.stop();
  });

  it('is none if all are older, or if there is none', async () => {
    await expect(place.start({ backupMajor: 19 })).rejects.toMatchObject({
      name: 'ServerTooOld',
      message: expect.stringMatching(/PostgreSQL 19.*older: 18.*docs\/layers\.md/),
    });
    await expect(place.start({ programRoots: ['/nowhere'] })).rejects.toMatchObject({
      name: 'ServerLayerMissing',
      message: expect.stringContaining('"/nowhere"'),
    });
  });
});

describe('a start that fails', () => {
  /** Programs of which one is a script. */
  const faked = async (name: 'initdb' | 'postgres', script: string): Promise<string> => {
    const real = (await findProgramFiles(await serverRoot())).servers[0];
    const root = path.join(place.folder, `fake-${name}`);
    const bin = path.join(root, '18', 'bin');
    mkdirSync(bin, { recursive: true });
    for (const one of ['initdb', 'pg_ctl', 'postgres'] as const) {
      const text =
        one === name ? script : `exec ${one === 'initdb' ? real?.initdb : '/bin/false'} "$@"`;
      writeFileSync(path.join(bin, one), `#!/bin/sh\n${text}\n`);
      chmodSync(path.join(bin, one), 0o755);
    }
    return root;
  };
  const left = () => readdirSync(place.folder).filter((name) => name.startsWith('larder-pg-'));

  it('reports the last messages of initdb and of the server, and leaves nothing behind', async () => {
    const noMemory = 'FATAL:  could not map anonymous shared memory: Cannot allocate memory';
    for (const [name, words] of [
      ['initdb', 'initdb: error: could not look up effective user ID 12345: user does not exist'],
      ['postgres', noMemory],
    ] as const) {
      const root = await faked(name, `echo '${words}' >&2; exit 1`);
      await expect(place.start({ programRoots: [root] })).rejects.toMatchObject({
        name: 'ScratchFailed',
        message: expect.stringContaining(words),
      });
    }
    expect(left()).toEqual([]);
  });

  it('reports it if the server ended because the disk was full', async () => {
    const words = 'PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device';
    const root = await faked('postgres', `echo '${words}' >&2; kill -ABRT $$`);
    await expect(place.start({ programRoots: [root] })).rejects.toMatchObject({
      name: 'ScratchDiskFull',
      message: expect.stringMatching(/PANIC: .*verification\.temporaryMb/),
    });
  });

  it('refuses a folder whose path is too long for a socket', async () => {
    const temporaryFolder = path.join(place.folder, 'x'.repeat(60));
    mkdirSync(temporaryFolder);
    await expect(place.start({ temporaryFolder })).rejects.toMatchObject({
      name: 'ScratchFailed',
      message: expect.stringMatching(/too long a path.*at most \d+ bytes/),
    });
    await eventually(() => readdirSync(temporaryFolder).length === 0);
  });

  it('works in the longest folder that is allowed', async () => {
    const longest = Number(
      /at most (\d+) bytes/.exec(
        String(
          await place
            .start({ temporaryFolder: `/tmp/${'x'.repeat(100)}` })
            .catch((error: unknown) => error),
        ),
      )?.[1],
    );
    const temporaryFolder = `${place.folder}/`.padEnd(longest, 'x');
    mkdirSync(temporaryFolder);
    const server = await place.start({ temporaryFolder });
    await run(server, 'SELECT 1');
    await server.stop();
  });
});
