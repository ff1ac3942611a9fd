import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { freePort, PASSWORD } from '../support/postgres.ts';
import type { Cut } from '../support/tcp-proxy.ts';
import type { FaultName } from './catalogue.ts';
import { openBench } from './harness.ts';
import { holdingVault, untilDumping } from './holding.ts';
import { openRoom, projectOf, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';

/** The network is a TCP proxy that cuts all connections when certain words of ours pass. */
let room: Room;
let holder: pg.Client;
beforeAll(async () => {
  room = await openRoom();
  holder = await room.postgres.session(room.database);
  await holder.query(projectOf('locked', 1));
  await holder.query('BEGIN; LOCK TABLE locked.orders IN ACCESS EXCLUSIVE MODE');
  await room.postgres.sql(
    `INSERT INTO control_plane.projects VALUES ('asleep', 'Asleep', 'acme', 'INACTIVE'), ('ghost', 'Ghost', 'no such', 'ACTIVE')`,
    room.database,
  );
  await room.postgres.sql(
    `CREATE ROLE narrow LOGIN CONNECTION LIMIT 1 PASSWORD ${pg.escapeLiteral(PASSWORD)}`,
  );
});
afterAll(async () => {
  await holder.end();
  await room.close();
});

const cutting = (name: FaultName, words: string, cut: Cut): void =>
  fault(name, async () => {
    const network = await room.network();
    const bench = await openBench(room, { port: network.port });
    const backup = await bench.request('large');
    const happened = network.cutAt(words, cut);
    await bench.settle(backup);
    await happened;
    return await verdictOf(bench, backup);
  });

const CONNECTING = 'application_name';
const LOCKING = 'LOCK TABLE ONLY';
const COUNTING = 'SELECT pg_catalog.count(*)';
const DUMPING = 'COPY large.orders';

cutting('the network goes silent while connecting', CONNECTING, 'stall');
cutting('the network goes silent while locking', LOCKING, 'stall');
cutting('the network goes silent while counting', COUNTING, 'stall');
cutting('the network goes silent while dumping', DUMPING, 'stall');
cutting('the network drops the connections while connecting', CONNECTING, 'drop');
cutting('the network drops the connections while locking', LOCKING, 'drop');
cutting('the network drops the connections while counting', COUNTING, 'drop');
cutting('the network drops the connections while dumping', DUMPING, 'drop');
cutting('the network resets the connections while connecting', CONNECTING, 'reset');
cutting('the network resets the connections while locking', LOCKING, 'reset');
cutting('the network resets the connections while counting', COUNTING, 'reset');
cutting('the network resets the connections while dumping', DUMPING, 'reset');

const requesting = (name: FaultName, project: string): void =>
  fault(name, async () => {
    const bench = await openBench(room, { settings: { lockTimeoutMs: 200 } });
    const backup = await bench.request(project);
    await bench.settle(backup);
    return await verdictOf(bench, backup);
  });
requesting('the project is gone', 'nobody');
requesting('the project is no longer active', 'asleep');
requesting('the schema is gone', 'ghost');
requesting('a table stays locked', 'locked');

fault('nothing listens where the database should be', async () => {
  const bench = await openBench(room, { port: await freePort() });
  const backup = await bench.request('acme');
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});

fault('the server has connections for only one of our sessions', async () => {
  const bench = await openBench(room, {
    user: 'narrow',
    source: { schemas: ['acme'], projectQuery: 'SELECT 1' },
  });
  const backup = await bench.request('acme');
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});

fault('the server ends our sessions in the middle of the dump', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('large');
  const { vault } = holdingVault(bench);
  const running = bench.deliver(backup, { ports: { vault } });
  await untilDumping(bench, backup);
  await room.postgres.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'larder/${backup.id}/%'`,
  );
  await running;
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});
