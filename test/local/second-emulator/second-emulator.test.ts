import { createHash } from 'node:crypto';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Backup, iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import config from '../../../larder.config.ts';
import { ACME, copyOf, GLOBEX, type Operating, operate, pathOf } from '../support/operating.ts';
import { PREFIX, type RunningStack, startRunningStack } from '../support/running-stack.ts';
import { type MotoServer, startMoto } from './moto.ts';
import { motoServices } from './services.ts';

/**
 * The stack's own bundles on a second emulator of AWS, by other authors, behind the same access control. What both emulators do alike is more
 * likely to be what AWS does. This one also has what the first has not: versions of objects, long polling of its own, and HTTP/1.0.
 */
const MINUTE = 60_000;

// The machine may be busy.
vi.setConfig({ testTimeout: 3 * MINUTE });

let moto: MotoServer;
let running: RunningStack;
let on: Operating;
beforeAll(async () => {
  moto = await startMoto();
  const emulators = motoServices(moto, [config.notifications.from]);
  running = await startRunningStack({ emulators });
  on = operate(running);
}, 180_000);
afterAll(async () => {
  await running?.stop();
  await moto?.close();
});

/** Versions and delete markers of a backup and of its manifest. */
const versionsOf = async ({ fileId = '' }: Backup): Promise<number> => {
  const { dir, name } = path.posix.parse(fileId);
  const page = await running.s3.send(
    new ListObjectVersionsCommand({ Bucket: running.bucket, Prefix: `${dir}/${name}` }),
  );
  return (page.Versions?.length ?? 0) + (page.DeleteMarkers?.length ?? 0);
};

it('a schedule makes backups, and their outcomes are mailed', async () => {
  await running.stack.fireSchedule('nightly', new Date());
  for (const project of [ACME, GLOBEX])
    while ((await on.backupsOf(project)).length === 0) await wait(200);
  await on.quiet();
  while (running.stack.mails() === 0) await wait(200);
});

it('a backup of several parts is stored once, downloaded and verified', async () => {
  await running.sql(
    `INSERT INTO control_plane.projects VALUES ('bulk', 'Bulk', 'ACTIVE', now());
     CREATE SCHEMA bulk;
     CREATE TABLE bulk.rows AS SELECT md5(n::text) || md5((n + 1)::text) AS text FROM generate_series(1, 450000) AS n`,
  );
  await on.completed(`/projects/${PREFIX}bulk/backups`);
  const backup = await on.latestOf(`${PREFIX}bulk`);
  expect(backup.size).toBeGreaterThan(5 * 1024 ** 2);
  expect(await versionsOf(backup)).toBe(2);
  const { url = '' } = await running.ask('GET', `${pathOf(backup)}/download`);
  const body = Buffer.from(await (await fetch(String(url))).arrayBuffer());
  const digest = createHash('sha256').update(body).digest('hex');
  expect([body.length, digest]).toEqual([backup.size, backup.checksum]);
  await on.completed(`${pathOf(backup)}/verify`);
});

it('a backup is restored beside the live schema, and exchanged with it and back', async () => {
  const backup = pathOf(await on.latestOf(GLOBEX));
  await on.completed(`${backup}/restores`);
  const swap = await on.completed(`${backup}/swap`);
  await on.completed(`${swap}/undo`);
});

it('retention removes all versions of an expired backup, and leaves the others', async () => {
  await on.completed(`/projects/${ACME}/backups`);
  const [last, older] = await on.backupsOf(ACME);
  if (!last || !older) throw new Error('acme has no two backups');
  await on.change(older, { ttl: 1 });
  await running.stack.expireNow();
  expect(await versionsOf(older)).toBe(0);
  expect(await versionsOf(last)).toBe(2);
});

it('a sweep sends lost requests again and aborts what uploads left', async () => {
  const globex = await on.latestOf(GLOBEX);
  const queuedAt = iso(Date.now() - 7 * 60 * MINUTE);
  const lost = copyOf(globex, { status: 'pending', attempt: 0, queuedAt });
  await running.putBackup(lost, 'pending');
  const Bucket = running.bucket;
  await running.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: globex.fileId }));
  expect(await running.stack.invoke('sweep', {})).toMatchObject({
    kind: 'ok',
    payload: { requestsSentAgain: 1 },
  });
  expect(await running.untilEnded(pathOf(lost))).toMatchObject({ status: 'completed' });
  const { Uploads = [] } = await running.s3.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(Uploads).toEqual([]);
});

it('dead letters end what they stand for', async () => {
  const globex = await on.latestOf(GLOBEX);
  const { projectId } = globex;
  const dead = copyOf(globex, { status: 'pending', attempt: 0, id: uuidv7(Date.now()) });
  await running.putBackup(dead, 'pending');
  await running.send('SourceDemoExportsDeadLetters', { projectId, backupId: dead.id });
  const event = { schedule: 'nightly', scheduledAt: iso(Date.now()), sources: ['demo'] };
  await running.send('SourceDemoPlanDeadLetters', event);
  expect(await running.stack.invoke('bury', {})).toMatchObject({
    kind: 'ok',
    payload: { handled: 2, again: 0 },
  });
  expect(await running.untilEnded(pathOf(dead))).toMatchObject({ status: 'failed' });
});

it('no role lacked a permission, and nothing else went wrong', () => {
  expect(running.stack.accessReport().refused).toEqual([]);
  expect(running.problems).toEqual([]);
});
