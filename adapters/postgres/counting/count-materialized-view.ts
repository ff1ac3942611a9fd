import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { LockTimeout, SchemaInMotion } from '../../../core/errors/schema.ts';
import type { CountingWay } from '../catalog/counting-methods.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import { countUnheld, holdStatement, type Relation } from '../session/relation-locks.ts';
import { countTable } from './count-table.ts';
import type { CountedRows } from './row-hash.ts';

const WAITED_TOO_LONG = '55P03';
/** Its name, or its schema's, no longer exists. */
const GONE = ['42P01', '3F000'];

const hold = async (client: pg.Client, view: Relation, lockTimeoutMs: number): Promise<void> => {
  try {
    const [, , unheld] = await atOnce(
      client,
      () => client.query('SAVEPOINT counting'),
      () => client.query(holdStatement([view])),
      () => countUnheld(client, [view]),
    );
    if (unheld) throw new SchemaInMotion(view.schema);
  } catch (error) {
    const { code = '' } = (error ?? {}) as { code?: string };
    if (GONE.includes(code)) throw new SchemaInMotion(view.schema);
    if (code !== WAITED_TOO_LONG) throw error;
    const what = `Materialized view ${quoted(view.name)}`;
    const who = 'another session holds it, such as one that refreshes it';
    throw new LockTimeout(view.name, lockTimeoutMs, who, what);
  }
};

/**
 * Counts a materialized view within a transaction. LOCK TABLE does not accept one, so `relation-locks.ts` locks it first: otherwise the
 * owner could replace it by a view of the same name, whose functions the count would run. The lock is released right after the count,
 * because a REFRESH waits for it.
 *
 * @throws SchemaInMotion, LockTimeout, the driver's errors
 */
export const countMaterializedView = async (
  client: pg.Client,
  view: Relation,
  way: CountingWay,
  lockTimeoutMs: number,
): Promise<CountedRows | undefined> => {
  if (way.by === 'nothing') return undefined;
  await hold(client, view, lockTimeoutMs);
  const counted = await countTable(client, view, way);
  await client.query('ROLLBACK TO SAVEPOINT counting; RELEASE SAVEPOINT counting');
  return counted;
};
