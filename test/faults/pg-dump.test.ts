import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Backup } from '../../core/backup.ts';
import type { FaultName } from './catalogue.ts';
import { type BenchOptions, openBench } from './harness.ts';
import { openRoom, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';

/**
 * pg_dump is replaced by a program that misbehaves in one way, and runs the real one where its output is needed;
 * everything else is real.
 */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

const REAL = '"$REAL" "$@"';

const misbehaving = (
  name: FaultName,
  pgDump: string,
  given: Partial<Backup> = {},
  options: BenchOptions = {},
): void =>
  fault(name, async () => {
    const bench = await openBench(room, { pgDump, ...options });
    const backup = await bench.request('acme', given);
    await bench.settle(backup);
    expect(bench.outcomes()).toHaveLength(1);
    return await verdictOf(bench, backup);
  });

misbehaving('pg_dump exits 1 after its first bytes', 'echo -n PGDMP; exit 1');
misbehaving('pg_dump exits 1 after half of its output', `${REAL} | head -c 5000; exit 1`);
misbehaving('pg_dump exits 1 after all of its output', `${REAL}; exit 1`);
misbehaving('pg_dump exits 0 and has written nothing', 'exit 0');
misbehaving('pg_dump exits 0 and has written something else', 'echo hello');
misbehaving('pg_dump exits 0 after half of a plain dump', `${REAL} | head -c 5000; exit 0`, {
  format: 'plain',
  compression: 'none',
});
misbehaving('pg_dump exits 0 after half of a tar', `${REAL} | head -c 5120; exit 0`, {
  format: 'tar',
});
misbehaving('pg_dump exits 0 after half of a custom archive', `${REAL} | head -c 5000; exit 0`);
misbehaving(
  'pg_dump exits 0 without the middle of a custom archive',
  `${REAL} | { head -c 5000; head -c 500 > /dev/null; cat; }; exit 0`,
);
misbehaving('pg_dump is killed after half of its output', `${REAL} | head -c 5000; kill -9 $$`);
misbehaving('pg_dump closes its output and then exits 1', 'exec >&-; sleep 0.3; exit 1');
misbehaving(
  'pg_dump lacks a permission',
  'echo "pg_dump: error: query failed: ERROR:  permission denied for table secret" >&2; exit 1',
);
// A file larger than its limit is refused as one on a full disk is; pipes are not files.
misbehaving('the disk is full under a tar', `trap '' XFSZ; ulimit -f 4; exec ${REAL}`, {
  format: 'tar',
});
misbehaving(
  'the backup exceeds the maximum stored size',
  `exec ${REAL}`,
  {},
  { settings: { maximumStoredBytes: 5000 } },
);
misbehaving('pg_dump cannot be started', '#!/nonexistent/shell\n');

const endless = (name: FaultName, pgDump: string): void =>
  fault(name, async () => {
    const bench = await openBench(room, { pgDump });
    const backup = await bench.request('acme');
    await bench.deliver(backup, { remainingMs: 62_000 });
    return await verdictOf(bench, backup);
  });
endless('pg_dump never ends', `${REAL} | head -c 5000; exec sleep 600`);
endless(
  'pg_dump ignores that it is asked to end',
  `trap '' TERM; ${REAL} | head -c 5000; for s in {1..60}; do sleep 1; done`,
);

fault('pg_dump fails once and then works', async () => {
  const flag = path.join(room.folder, 'failed-once');
  const bench = await openBench(room, {
    pgDump: `if [ ! -e '${flag}' ]; then touch '${flag}'; exit 1; fi; exec ${REAL}`,
  });
  const backup = await bench.request('acme');
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});
