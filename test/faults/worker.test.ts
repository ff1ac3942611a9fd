import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { UploadInterrupted } from '../../core/errors/vault.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { FaultName } from './catalogue.ts';
import { type Bench, openBench } from './harness.ts';
import { holdingVault, untilDumping } from './holding.ts';
import { openRoom, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';

/** Leases, clocks, and other workers that do the same. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

const HOUR = 3_600_000;
const LEASE_OUT = 130_000;

fault('the lease is lost to another attempt while it works', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('large');
  const { vault, release } = holdingVault(bench);
  const first = bench.deliver(backup, { ports: { vault } });
  await untilDumping(bench, backup);
  expect((await bench.deliver(backup, { after: LEASE_OUT })).message).toBe('done');
  release();
  expect((await first).message).toBe('again');
  expect(bench.outcomes()).toHaveLength(1);
  return await verdictOf(bench, backup);
});

fault('the lease is lost to an attempt that adopts, and the manifest seems to fail', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  const storeManifest: Bench['vault']['storeManifest'] = async (key, manifest) => {
    await bench.ports.vault.storeManifest(key, manifest);
    expect((await bench.deliver(backup, { after: LEASE_OUT })).message).toBe('done');
    // Until the worker has checked its row, which it does every 4 s.
    await sleep(5000);
    throw new UploadInterrupted('no answer');
  };
  const vault = { ...bench.ports.vault, storeManifest };
  expect((await bench.deliver(backup, { ports: { vault } })).message).toBe('again');
  return await verdictOf(bench, backup);
});

const jumping = (name: FaultName, by: number): void =>
  fault(name, async () => {
    const bench = await openBench(room);
    const backup = await bench.request('large');
    let offset = 0;
    const clock = () => Date.now() + offset;
    const { vault, release } = holdingVault(bench);
    const running = bench.deliver(backup, {
      ports: { vault, clock, history: bench.historyAt(clock) },
    });
    await untilDumping(bench, backup);
    offset = by;
    release();
    await running;
    const row = await bench.row(backup);
    expect(row.durationMs).toBeGreaterThanOrEqual(0);
    expect(Math.abs(Date.parse(row.completedAt ?? '') - clock())).toBeLessThan(HOUR / 2);
    return await verdictOf(bench, backup);
  });
jumping('the clock jumps an hour forward while it works', HOUR);
jumping('the clock jumps an hour back while it works', -HOUR);

fault('the clock is an hour ahead in a worker that dies', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  const claim = await bench.historyAt(() => Date.now() + HOUR).claim(backup.projectId, backup.id);
  expect(claim.kind).toBe('claimed');
  // Its lease ends in an hour by all other clocks, and no later.
  expect((await bench.deliver(backup, { after: LEASE_OUT })).message).toBe('again');
  expect((await bench.deliver(backup, { after: HOUR + LEASE_OUT })).message).toBe('done');
  return await verdictOf(bench, backup);
});

fault('every worker dies', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  for (const delivery of [0, 1, 2]) {
    const claim = await bench
      .historyAt(() => Date.now() + delivery * LEASE_OUT)
      .claim(backup.projectId, backup.id);
    expect(claim.kind).toBe('claimed');
  }
  expect((await bench.deliver(backup, { after: 3 * LEASE_OUT })).message).toBe('done');
  return await verdictOf(bench, backup);
});

fault('two stacks export one project at the same time', async () => {
  const benches = await Promise.all([openBench(room), openBench(room)]);
  const runs = await Promise.all(
    benches.map(async (bench) => {
      const backup = await bench.request('large');
      await bench.deliver(backup);
      return await verdictOf(bench, backup);
    }),
  );
  expect(runs[0]).toEqual(runs[1]);
  return runs[0] ?? expect.fail('no verdict');
});

fault('two stacks have the same backup id, and one attempts it again', async () => {
  const [first, second] = await Promise.all([openBench(room), openBench(room)]);
  const id = uuidv7(Date.now());
  const [mine, theirs] = await Promise.all([
    first.request('large', { id, attempt: 1 }),
    second.request('large', { id, attempt: 0 }),
  ]);
  const { vault, release } = holdingVault(second);
  const running = second.deliver(theirs, { ports: { vault } });
  await untilDumping(second, theirs);
  expect((await first.deliver(mine)).message).toBe('done');
  release();
  expect((await running).message).toBe('done');
  expect((await second.row(theirs)).attempt).toBe(1);
  await verdictOf(second, theirs);
  return await verdictOf(first, mine);
});
