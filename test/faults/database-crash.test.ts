import { afterAll, beforeAll } from 'vitest';
import { openBench } from './harness.ts';
import { holdingVault, untilDumping } from './holding.ts';
import { openRoom, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';

/** In a separate room, because a crash ends the sessions of all tests. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

fault('the database crashes and restarts in the middle of the dump', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('large');
  const { vault } = holdingVault(bench);
  const running = bench.deliver(backup, { ports: { vault } });
  await untilDumping(bench, backup);
  await room.postgres.crashAndRestart();
  await running;
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});
