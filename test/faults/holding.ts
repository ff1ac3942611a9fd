import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backup } from '../../core/backup.ts';
import type { ExportPorts } from '../../functions/export/ports.ts';
import type { Bench } from './harness.ts';
import { backendsOf } from './verdict.ts';

/**
 * A vault that accepts the first piece of a body and no more until it is released: a dump of project `large` then stops in its
 * middle, like a long dump.
 */
export const holdingVault = ({ ports }: Bench) => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* held(body: Readable): AsyncGenerator<Buffer> {
    const closed = once(body, 'close').catch(() => undefined);
    for await (const chunk of body) {
      yield chunk;
      await Promise.race([released, closed]);
    }
  }
  const vault: ExportPorts['vault'] = {
    ...ports.vault,
    store: (request) => ports.vault.store({ ...request, body: Readable.from(held(request.body)) }),
  };
  return { vault, release };
};

/** Until the export has its three sessions: holder, observer, pg_dump. */
export const untilDumping = async (bench: Bench, backup: Pick<Backup, 'id'>): Promise<void> => {
  while ((await backendsOf(bench, backup)) < 3) await sleep(50);
};

/** Until so many sessions whose query is like this wait for a lock. */
export const untilWaiting = async (
  { room }: Bench,
  count: number,
  query: string,
): Promise<void> => {
  const waiting = async (): Promise<number> => {
    const found = await room.postgres.sql(
      `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '${query}'`,
    );
    return found.rowCount ?? 0;
  };
  while ((await waiting()) < count) await sleep(50);
};
