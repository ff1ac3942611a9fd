import pg from 'pg';

/**
 * A pooler in transaction mode gives a session another backend for each transaction, so that snapshots break and settings leak to other
 * clients. One session alone may always get the same backend: the test needs two, open at once. In session mode, and without a pooler, each
 * keeps its own backend.
 */
const ROUNDS = 3;

const PID = 'SELECT pg_catalog.pg_backend_pid() AS pid';
const pidOf = async (client: pg.Client): Promise<number | undefined> =>
  (await client.query<{ pid: number }>(PID)).rows[0]?.pid;

/** True if the two sessions do not each keep a backend of their own. */
export const sharesBackends = async (one: pg.Client, other: pg.Client): Promise<boolean> => {
  const first = await pidOf(one);
  const second = await pidOf(other);
  if (first === second) return true;
  // With other clients busy, the two may get different backends by chance; hardly the same two every time.
  for (let round = 1; round < ROUNDS; round += 1) {
    if ((await pidOf(one)) !== first || (await pidOf(other)) !== second) return true;
  }
  return false;
};

/** The same, for an open session and a second one that is opened only for this test. */
export const sharesBackendsWithAnother = async (
  one: pg.Client,
  config: pg.ClientConfig,
): Promise<boolean> => {
  const other = new pg.Client({ ...config, connectionTimeoutMillis: 10_000 });
  other.on('error', () => undefined);
  try {
    await other.connect();
    return await sharesBackends(one, other);
  } finally {
    await other.end().catch(() => undefined);
  }
};
