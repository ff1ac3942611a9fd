import { execFileSync } from 'node:child_process';
import { createConnection, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackupDamaged, ReadInterrupted } from '../../../../core/errors/vault.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { startTcpProxy } from '../../../support/tcp-proxy.ts';
import {
  newDatabase,
  placesOf,
  requestOf,
  restore,
  type Stored,
  schemasIn,
  sealed,
  serverOf,
  sessionsLeft,
  takeBackup,
} from '../support/restoring.ts';

/** A restore that fails, at whatever moment, leaves nothing: no schema, no session, and the live schema unchanged. */
const TENANT = `
  CREATE SCHEMA acme;
  CREATE TABLE acme.big (id int PRIMARY KEY, v text);
  CREATE TABLE acme.small (id int PRIMARY KEY, big int REFERENCES acme.big);
  INSERT INTO acme.big SELECT n, md5(n::text) FROM generate_series(1, 40000) n;
  INSERT INTO acme.small SELECT n, n FROM generate_series(1, 100) n;
  CREATE VIEW acme.both AS SELECT * FROM acme.small JOIN acme.big USING (id)`;

let postgres: Postgres;
let database: string;
let custom: Stored;
let plain: Stored;
beforeAll(async () => {
  postgres = await startPostgres(18);
  database = await newDatabase(postgres, TENANT);
  custom = await takeBackup(postgres, database, ['acme']);
  plain = await takeBackup(postgres, database, ['acme'], { format: 'plain', compression: 'none' });
});
afterAll(() => postgres.stop());

const target = () => ({ postgres, database });

const nothingLeft = async (): Promise<void> => {
  expect(await sessionsLeft(postgres, database)).toEqual([]);
  expect(await schemasIn(postgres, database)).toEqual(['acme']);
  const { rows } = await postgres.sql('SELECT count(*)::int AS n FROM acme.both', database);
  expect(rows).toEqual([{ n: 100 }]);
};

describe('nothing is left', () => {
  it('if the digest differs', async () => {
    const damaged = new BackupDamaged('k', 'other bytes');
    await expect(
      restore(target(), custom, { confirm: () => Promise.reject(damaged) }),
    ).rejects.toBe(damaged);
    await nothingLeft();
  });

  it('if only one of its two sessions can be opened', async () => {
    // Only the session that watches has such a limit.
    const proxy = await startDeafProxy(postgres.port, 'statement_timeout=10000');
    const loading = restore({ ...target(), port: proxy.port }, custom);
    await expect(loading).rejects.toMatchObject({ name: 'SourceUnreachable', retryable: true });
    expect(proxy.wasDeaf()).toBe(true);
    await nothingLeft();
    await proxy.close();
  });

  it('if the manifest counts another number of rows', async () => {
    const { manifest } = custom;
    const tables = manifest.tables.map((table) =>
      table.name === 'small' ? { ...table, rows: 101 } : table,
    );
    const failing = restore(target(), { ...custom, manifest: { ...manifest, tables } });
    await expect(failing).rejects.toMatchObject({
      name: 'RestoreMismatch',
      differences: ['table "acme"."small" has 100 rows, and had 101'],
    });
    await nothingLeft();
  });

  it.each(['sequences', 'views', 'functions', 'types', 'triggers', 'policies', 'tables'] as const)(
    'if the manifest has more %s than were restored',
    async (kind) => {
      const { manifest } = custom;
      const more = {
        schema: 'acme',
        name: 'more',
        value: '7',
        called: true,
        kind: 'table' as const,
        rows: 0,
        bytes: 0,
      };
      const failing = restore(target(), {
        ...custom,
        manifest: { ...manifest, [kind]: [...manifest[kind], more] },
      });
      await expect(failing).rejects.toThrow(/"acme"\."more" is missing/);
      await nothingLeft();
    },
  );

  it.each([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])('if a plain text is cut at %f', async (share) => {
    const bytes = plain.bytes.subarray(0, Math.floor(plain.bytes.length * share));
    await expect(restore(target(), plain, { bytes })).rejects.toMatchObject({
      name: 'DumpUnreadable',
    });
    await nothingLeft();
  });

  it.each([0.02, 0.5, 0.98])('if an archive is cut at %f', async (share) => {
    const bytes = custom.bytes.subarray(0, Math.floor(custom.bytes.length * share));
    await expect(restore(target(), custom, { bytes })).rejects.toMatchObject({
      name: 'DumpUnreadable',
    });
    await nothingLeft();
  });

  it('if the vault fails among the rows, whose error is reported', async () => {
    const broken = new ReadInterrupted('k', 'the network went');
    const text = (async function* () {
      yield plain.bytes.subarray(0, plain.bytes.length / 2);
      throw broken;
    })();
    await expect(restore(target(), plain, { text })).rejects.toBe(broken);
    await nothingLeft();
  });

  it('if pg_restore is killed among the rows', async () => {
    const request = await requestOf(custom);
    const text = (async function* () {
      for await (const chunk of request.text) {
        yield chunk;
        const pid = /(\d+) \S*pg_restore/.exec(
          execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args=']).toString(),
        )?.[1];
        if (pid) process.kill(Number(pid), 'SIGKILL');
      }
    })();
    await expect(serverOf(target()).load({ ...request, text })).rejects.toMatchObject({
      name: 'RestoreInterrupted',
    });
    await nothingLeft();
  });

  it('if it is stopped, with the reason it was stopped for', async () => {
    const stop = new AbortController();
    const reason = new Error('cancelled');
    const loading = restore(target(), custom, {
      signal: stop.signal,
      onTable: () => stop.abort(reason),
    });
    await expect(loading).rejects.toBe(reason);
    await nothingLeft();
  });

  it('if another session ends its session', async () => {
    const loading = restore(target(), custom, {
      confirm: async () => {
        await postgres.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'larder/%/1/%'`,
        );
      },
    });
    await expect(loading).rejects.toMatchObject({ name: 'RestoreInterrupted', retryable: true });
    await nothingLeft();
  });
});

describe('a connection that is cut', () => {
  it.each([
    ['at its beginning', 'BEGIN', 'reset'],
    ['at the schema', 'CREATE SCHEMA', 'drop'],
    ['among the rows', 'COPY acme.big', 'reset'],
    ['at an index or a key', 'ADD CONSTRAINT', 'drop'],
    ['at the count', 'larder_compare', 'reset'],
    ['at the names', 'RENAME TO "acme_restored"', 'drop'],
    ['at the COMMIT, which the server never gets', 'COMMIT\0', 'reset'],
  ] as const)('%s leaves nothing', async (_, words, cut) => {
    const proxy = await startTcpProxy(postgres.port);
    const sprung = proxy.cutAt(words, cut);
    const loading = restore({ ...target(), port: proxy.port }, custom);
    await expect(loading).rejects.toMatchObject({ name: 'RestoreInterrupted', retryable: true });
    await sprung;
    await proxy.close();
    await nothingLeft();
  });

  it('after the COMMIT was done, before its answer arrived, is no failure', async () => {
    const proxy = await startDeafProxy(postgres.port, 'COMMIT\0');
    const restoreId = uuidv7(Date.now());
    const places = placesOf(custom, '_again');
    const through = { ...target(), port: proxy.port };
    const loaded = await restore(through, custom, { restoreId, places });
    expect(loaded).toMatchObject({ tables: 2, rows: 40_100 });
    expect(proxy.wasDeaf()).toBe(true);
    expect(await serverOf(target()).findLoaded(sealed(restoreId), places)).toEqual(loaded);
    await proxy.close();
    await postgres.sql('DROP SCHEMA acme_again CASCADE', database);
    await nothingLeft();
  });

  it('stays open after its worker disappeared: the next attempt ends it, and knows that it had not committed', async () => {
    const restoreId = uuidv7(Date.now());
    let held: () => void = () => undefined;
    const isHeld = new Promise<void>((resolve) => {
      held = resolve;
    });
    const request = await requestOf(custom, {
      restoreId,
      confirm: () => {
        held();
        return new Promise(() => undefined);
      },
    });
    const server = serverOf(target());
    const vanished = server.load(request);
    vanished.catch(() => undefined);
    await isHeld;
    expect(await server.endLeftovers(restoreId, 1)).toBe(0);
    expect(await server.endLeftovers(restoreId, 2)).toBe(2);
    expect(await server.findLoaded(sealed(restoreId), request.places)).toBeUndefined();
    await expect(vanished).rejects.toMatchObject({ name: 'RestoreInterrupted' });
    await nothingLeft();
  });
});

/** Passes everything on until a client has sent these words; the answer is dropped, and the connection breaks. */
const startDeafProxy = async (port: number, words: string) => {
  let deaf = false;
  const listener: Server = createServer((client) => {
    const server = createConnection({ host: '127.0.0.1', port });
    let mine = false;
    client.on('data', (chunk) => {
      if (!deaf && chunk.includes(words)) {
        deaf = true;
        mine = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (mine) client.resetAndDestroy();
      else client.write(chunk);
    });
    client.on('close', () => server.destroy()).on('error', () => undefined);
    server.on('close', () => client.destroy()).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    wasDeaf: () => deaf,
    close: () => new Promise<void>((resolve) => listener.close(() => resolve())),
  };
};
