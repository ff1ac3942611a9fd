import { afterAll, beforeAll, expect } from 'vitest';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { makeMailer } from '../../adapters/ses/mailer.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import type { Backup } from '../../core/backup.ts';
import { handleDeadLetter } from '../../functions/dead-letters/handle-dead-letter.ts';
import { notifyBatch } from '../../functions/notify/batch.ts';
import { ACCEPTED, REFUSAL, startScriptedSes } from '../adapters/ses/mailbox.ts';
import { silent } from '../support/backups.ts';
import type { Call, Meddle } from '../support/http-proxy.ts';
import { jobRows } from '../support/jobs.ts';
import { sqsRecord } from '../support/sqs-record.ts';
import { type Bench, openBench } from './harness.ts';
import { openRoom, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';

/** Messages are delivered twice, late, or never; the row decides. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

fault('the message comes three times at the same time', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  const all = await Promise.all([1, 2, 3].map(() => bench.deliver(backup)));
  expect(all.filter(({ message }) => message === 'done')).toHaveLength(1);
  return await verdictOf(bench, backup);
});

fault('the message comes again after the end', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  for (const after of [0, 1000, 3_600_000]) {
    expect(await bench.deliver(backup, { after })).toMatchObject({ message: 'done' });
  }
  expect(bench.outcomes()).toHaveLength(1);
  return await verdictOf(bench, backup);
});

fault('the message comes late, after a cancellation', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  await bench.historyAt(Date.now).requestCancel('acme', backup.id);
  expect(await bench.deliver(backup, { after: 3_600_000 })).toEqual({ message: 'done' });
  return await verdictOf(bench, backup);
});

fault('the message is lost', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  await bench.sweepAfter(6 * 60_000);
  expect(bench.requests()).toEqual([{ projectId: 'acme', backupId: backup.id }]);
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});

fault('the queue moves the message to its dead-letter queue', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  const history = bench.historyAt(Date.now);
  const access = { table: bench.table, client: room.tables.client, clock: Date.now };
  await handleDeadLetter(
    {
      history,
      runs: makeRuns(access),
      ...jobRows(access),
      outcomes: makeOutcomes({ url: bench.outcomesUrl, client: room.queues.client }),
      sources: ['main'],
      clock: Date.now,
      log: silent,
    },
    {
      kind: 'exports',
      source: 'main',
      body: JSON.stringify({ projectId: 'acme', backupId: backup.id }),
      attributes: {},
    },
  );
  expect(await bench.deliver(backup)).toEqual({ message: 'done' });
  const verdict = await verdictOf(bench, backup);
  return { ...verdict, reported: 'by bury' };
});

const refusing =
  (action: string): Meddle =>
  ({ headers }: Call) =>
    String(headers['x-amz-target']).endsWith(`.${action}`) ? { status: 500 } : 'pass';

fault('the queue does not let the message be hidden', async () => {
  const bench = await openBench(room, { sqs: refusing('ChangeMessageVisibility') });
  const backup = await bench.request('acme');
  expect(await bench.deliver(backup)).toMatchObject({ message: 'done' });
  return await verdictOf(bench, backup);
});

fault('the outcome cannot be sent', async () => {
  const bench = await openBench(room, { sqs: refusing('SendMessage') });
  const backup = await bench.request('acme');
  await bench.deliver(backup);
  return await verdictOf(bench, backup);
});

/** Passes the harness's outcomes to notify; returns the messages that are to be delivered again. */
const notify = async (bench: Bench, ses: Awaited<ReturnType<typeof startScriptedSes>>) => {
  const people = { from: 'larder@example.com', to: ['ann@example.com'] };
  const access = { table: bench.table, client: room.tables.client, clock: Date.now };
  const reported = bench.outcomes().slice(0, 1);
  const { batchItemFailures } = await notifyBatch(
    {
      history: bench.historyAt(Date.now),
      runs: makeRuns(access),
      ...jobRows(access),
      mailer: makeMailer({ client: ses.client, ...people }),
      log: silent,
    },
    { environment: 'test', onSuccess: true },
    { Records: reported.map((outcome) => sqsRecord(outcome, { messageId: 'outcome' })) },
  );
  return batchItemFailures;
};

fault('SES refuses the mail, then accepts it', async () => {
  const bench = await openBench(room);
  const backup = await bench.request('acme');
  await bench.deliver(backup);
  const [refusing, taking] = await Promise.all([
    startScriptedSes(400, REFUSAL),
    startScriptedSes(200, ACCEPTED),
  ]);
  const toldAt = async (): Promise<Backup['toldAt']> => (await bench.row(backup)).toldAt;
  try {
    expect(await notify(bench, refusing)).toEqual([{ itemIdentifier: 'outcome' }]);
    expect(await toldAt()).toBeUndefined();
    // Its queue may lose the message: the sweep sends another.
    await bench.sweepAfter(15 * 60_000);
    expect(bench.outcomes()).toHaveLength(2);
    expect(await notify(bench, taking)).toEqual([]);
    expect(await notify(bench, taking)).toEqual([]);
    expect(taking.asked).toHaveLength(1);
    expect(await toldAt()).toBeDefined();
  } finally {
    await refusing.stop();
    await taking.stop();
  }
  return await verdictOf(bench, backup);
});
