import { describe, expect, it } from 'vitest';
import { HAS_NAME, holdName, locksOf } from '../../../../adapters/postgres/session/backend.ts';
import { serversOf } from '../../../support/servers.ts';

/** Tenant code may rename its session: a lock that it can't release still shows which worker's session it is. */
const on = serversOf(15, 18);
/** Their digests have numbers of both signs. */
const NAMES = ['larder/a', 'larder/b', 'larder/c', 'larder/d', 'larder/e', 'larder/f'];

describe.each([15, 18])('on PostgreSQL %i a session that holds a name', (major) => {
  it('is found by it until its transaction ends, whatever it calls itself, and no other is', async () => {
    const postgres = on(major);
    const [here, elsewhere] = [await postgres.database(), await postgres.database()];
    const [holder, other, stranger] = [
      await postgres.session(here),
      await postgres.session(here),
      await postgres.session(elsewhere),
    ];
    const pidOf = async (client: typeof holder): Promise<number> =>
      (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const found = async (name: string): Promise<number[]> => {
      const { rows } = await other.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE ${HAS_NAME} ORDER BY pid`,
        [[name], ...locksOf([name])],
      );
      return rows.map(({ pid }) => pid);
    };
    const numbers = locksOf(NAMES).flat();
    expect([Math.min(...numbers) < 0, Math.max(...numbers) > 0]).toEqual([true, true]);
    try {
      for (const name of NAMES) {
        await holder.query('BEGIN');
        await holdName(holder, name);
        await stranger.query('BEGIN');
        await holdName(stranger, name);
        await holder.query(
          `SELECT set_config('application_name', 'innocent', false), pg_advisory_unlock_all()`,
        );
        expect(await found(name)).toEqual([await pidOf(holder)]);
        expect(await found(`${name}/1`)).toEqual([]);
        await holder.query('ROLLBACK');
        await stranger.query('ROLLBACK');
        expect(await found(name)).toEqual([]);
        await holder.query(`SET application_name = '${name}'`);
        expect(await found(name)).toEqual([await pidOf(holder)]);
      }
    } finally {
      for (const client of [holder, other, stranger]) await client.end();
    }
  });
});
