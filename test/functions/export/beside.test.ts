import { afterEach, describe, expect, it, vi } from 'vitest';
import { atOnce } from '../../../adapters/postgres/session/pipelined-reads.ts';
import { connect, disconnect } from '../../../adapters/postgres/session/session.ts';
import { ProjectNotFound } from '../../../core/errors/request.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { sourceSettings } from '../../../core/settings.ts';
import type { SnapshotRequest } from '../../../core/snapshot-ports.ts';
import { PASSWORD, type Postgres } from '../../support/postgres.ts';
import { BACKUP_ROLE } from '../../support/roles.ts';
import type { Bench } from './support.ts';
import { tenantForAll } from './tenant-for-all.ts';

let postgres: Postgres;
let database: string;
let bench: Bench;
tenantForAll((made) => {
  ({ postgres, database, bench } = made);
});

const countOf = async (sql: string): Promise<number> =>
  Number((await postgres.sql(`SELECT count(*) AS n FROM ${sql}`, database)).rows[0]?.n);
const sessionsOfOurs = () => countOf(`pg_stat_activity WHERE application_name LIKE 'larder/%'`);
const soon = { timeout: 20_000, interval: 50 };

const requestOf = (schemas: SnapshotRequest['schemas']): SnapshotRequest => ({
  backupId: uuidv7(Date.now()),
  attempt: 1,
  schemas,
  content: 'full',
  lockTimeoutMs: 20_000,
  giveWayAfterSeconds: 'never',
  partitionsElsewhere: 'refuse',
});

describe('an export', () => {
  it('releases its locks and its snapshot when everything is read, however long the upload takes', async () => {
    const { vault } = bench.ports;
    const backup = await bench.request('acme');
    await bench.run(backup, 900_000, {
      vault: {
        ...vault,
        store: async (request) => {
          const stored = await vault.store(request);
          await vi.waitFor(async () => expect(await sessionsOfOurs()).toBe(0), soon);
          return stored;
        },
      },
    });
    const row = await bench.row(backup);
    expect([row.status, row.error]).toEqual(['completed', undefined]);
  });

  it('whose project is not found closes all sessions that were opened meanwhile', async () => {
    const lookedUp = Promise.reject(new ProjectNotFound('gone'));
    await expect(bench.ports.snapshots.open(requestOf(lookedUp))).rejects.toThrow(ProjectNotFound);
    await vi.waitFor(async () => expect(await sessionsOfOurs()).toBe(0), soon);
  });

  it('waits for a lock that it cannot get at once, and takes its snapshot afterwards', async () => {
    const other = await postgres.session(database);
    try {
      await other.query('BEGIN; LOCK TABLE acme.child IN ACCESS EXCLUSIVE MODE');
      const opening = bench.ports.snapshots.open(requestOf(['acme']));
      await vi.waitFor(
        async () => expect(await countOf('pg_locks WHERE NOT granted')).toBe(1),
        soon,
      );
      await other.query('COMMIT');
      const snapshot = await opening;
      expect((await snapshot.inventory).definitions?.length).toBeGreaterThan(0);
      await snapshot.close();
    } finally {
      await other.end();
    }
  });
});

describe('reads that are sent at once', () => {
  const settings = () =>
    sourceSettings.parse({
      name: 'main',
      host: '127.0.0.1',
      port: postgres.port,
      database,
      auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
      tls: 'disable',
    });
  const credentials = async () => ({ user: BACKUP_ROLE, password: PASSWORD });
  const opened: Awaited<ReturnType<typeof connect>>[] = [];
  const session = async (pipelined: boolean) => {
    const access = { settings: settings(), credentials };
    const client = await connect(access, { applicationName: 'larder/test', pipelined });
    opened.push(client);
    return client;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(disconnect));
  });

  it.each([true, false])(
    'fail with the original error, not with the error of the reads that follow it (pipelined: %s)',
    async (pipelined) => {
      const client = await session(pipelined);
      await client.query('BEGIN');
      const deep = async () => {
        const read = async () => await client.query('SELECT 1 / 0');
        return await read();
      };
      const ended: string[] = [];
      const last = () => client.query('SELECT 1').finally(() => ended.push('last'));
      const work = atOnce(client, () => client.query('SELECT 1'), deep, last);
      await expect(work).rejects.toMatchObject({ code: '22012' });
      // The next read must not meet a read that is still running.
      expect(ended).toEqual(pipelined ? ['last'] : []);
      await client.query('ROLLBACK');
    },
  );

  it.each([true, false])('answer in their own order (pipelined: %s)', async (pipelined) => {
    const client = await session(pipelined);
    const read = async (n: number) => (await client.query('SELECT $1::int AS n', [n])).rows[0]?.n;
    const two = async () => [await read(2), await read(3)];
    const got = await atOnce(
      client,
      () => read(1),
      two,
      () => read(4),
    );
    expect(got).toEqual([1, [2, 3], 4]);
  });
});
