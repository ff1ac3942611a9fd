import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { openBench } from './bench.ts';
import { openRoom, type Room } from './room.ts';
import { backendsOf, fault, verdictOf } from './verdict.ts';

/** In a room of its own, since a crash ends everybody's sessions. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

fault('the database crashes and restarts in the middle of the dump', async () => {
  const flag = `${room.folder}/crashed-once`;
  const pgDump = `if [ ! -e '${flag}' ]; then touch '${flag}'; "$REAL" "$@" | (head -c 20000; sleep 600); else exec "$REAL" "$@"; fi`;
  const bench = await openBench(room, { pgDump });
  const backup = await bench.request('large');
  const running = bench.deliver(backup);
  while ((await backendsOf(bench, backup)) < 3) await sleep(50);
  await room.postgres.crashAndRestart();
  await running;
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});
