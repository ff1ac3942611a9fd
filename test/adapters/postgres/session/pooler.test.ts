import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endLeftovers } from '../../../../adapters/postgres/session/leftover-backends.ts';
import { makeSnapshotSource } from '../../../../adapters/postgres/snapshot/snapshot.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import { tableKey } from '../../../../core/manifest.ts';
import { sourceSettings } from '../../../../core/settings.ts';
import type { Snapshot } from '../../../../core/snapshot-ports.ts';
import { type Pooler, startPgBouncer } from '../../../support/pgbouncer.ts';
import { clientRoot, PASSWORD, type Postgres, startPostgres } from '../../../support/postgres.ts';
import { startRenamingPooler } from '../../../support/renaming-pooler.ts';
import { dumped } from '../dumped.ts';

let postgres: Postgres;
let database: string;
const poolers: Pooler[] = [];
beforeAll(async () => {
  postgres = await startPostgres(18);
  database = await postgres.database();
  await postgres.sql(
    `CREATE SCHEMA acme; CREATE TABLE acme.t AS SELECT generate_series(1, 1000) AS n;
     ALTER ROLE postgres SET statement_timeout = '59s'; ALTER ROLE postgres SET idle_in_transaction_session_timeout = '100ms'`,
    database,
  );
});
afterAll(async () => {
  for (const pooler of poolers) await pooler.stop();
  await postgres.stop();
});

const openThrough = async (settings: Readonly<Record<string, string>>): Promise<Snapshot> => {
  const pooler = await startPgBouncer(postgres, settings);
  poolers.push(pooler);
  return await openAt(pooler, uuidv7(Date.now()));
};

const accessThrough = ({ port }: Pick<Pooler, 'port'>) => ({
  settings: sourceSettings.parse({
    name: 'pooled',
    host: '127.0.0.1',
    port,
    database,
    auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    tls: 'disable',
  }),
  credentials: async () => ({ user: 'postgres', password: PASSWORD }),
});

const openAt = async (pooler: Pooler, backupId: string): Promise<Snapshot> => {
  const source = makeSnapshotSource({
    ...accessThrough(pooler),
    programRoots: [await clientRoot()],
  });
  return await source.open({
    backupId,
    attempt: 1,
    schemas: ['acme'],
    content: 'full',
    lockTimeoutMs: 5000,
    giveWayAfterSeconds: 10,
    partitionsElsewhere: 'refuse',
  });
};

const DROPS_OPTIONS = { ignore_startup_parameters: 'options,extra_float_digits' };

describe('behind PgBouncer', () => {
  it('in transaction mode an export is refused with the alternative', async () => {
    await expect(openThrough({ pool_mode: 'transaction' })).rejects.toMatchObject({
      name: 'PoolerInTransactionMode',
      retryable: false,
      message: expect.stringContaining('pool_mode = session'),
    });
  });

  it('in transaction mode that drops the options of a session, it is refused, and no setting stays behind', async () => {
    const opening = openThrough({ pool_mode: 'transaction', ...DROPS_OPTIONS });
    await expect(opening).rejects.toMatchObject({ name: 'PoolerInTransactionMode' });
    const pooled = poolers.at(-1);
    if (!pooled) throw new Error('no pooler');
    const other = new pg.Client({
      host: '127.0.0.1',
      port: pooled.port,
      user: 'postgres',
      database,
    });
    await other.connect();
    const { rows } = await other.query(
      `SELECT current_setting('default_transaction_read_only') AS r, current_setting('statement_timeout') AS t`,
    );
    await other.end();
    expect(rows).toEqual([{ r: 'off', t: '59s' }]);
  });

  it('in session mode that drops them, it works, still with its own settings', async () => {
    const snapshot = await openThrough({ pool_mode: 'session', ...DROPS_OPTIONS });
    try {
      // The role's own setting would end the session that holds the snapshot.
      await sleep(300);
      const rows = await snapshot.countRows(new AbortController().signal);
      expect(rows.get(tableKey('acme', 't'))?.rows).toBe(1000);
      const ours = await postgres.sql(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'larder/%'`,
      );
      // Both sessions, and any backend that a pooler keeps of one that only checked whether backends are shared.
      expect(ours.rows[0].n).toBeGreaterThanOrEqual(2);
      expect(await dumped(snapshot)).toContain('COPY acme.t (n) FROM stdin;\n1\n2\n');
    } finally {
      await snapshot.close();
    }
  });
});

describe('behind a pooler that drops the options and gives all connections a name of its own, as Supabase’s does', () => {
  it('sessions have their own settings and names, and a later attempt finds those of a dead worker', async () => {
    const pooler = await startRenamingPooler(postgres);
    poolers.push(pooler);
    const backupId = uuidv7(Date.now());
    const snapshot = await openAt(pooler, backupId);
    try {
      expect((await snapshot.countRows(new AbortController().signal)).size).toBe(1);
      expect(await dumped(snapshot)).toContain('COPY acme.t (n) FROM stdin;\n1\n2\n');
      const named = await postgres.sql(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'larder/${backupId}/1'`,
      );
      expect(named.rows[0].n).toBeGreaterThanOrEqual(2);
      expect(await endLeftovers(accessThrough(pooler), backupId, 2)).toBe(named.rows[0].n);
    } finally {
      await snapshot.close();
    }
  });
});
