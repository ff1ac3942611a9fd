import { readdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf, rowOf } from '../../adapters/dynamodb/rows.ts';
import { type Backup, iso } from '../../core/backup.ts';
import { TABLE, VAULT } from '../../core/contract.ts';
import { uuidv7 } from '../../core/ids.ts';
import { stemOf } from '../../core/keys.ts';
import { ROUTES } from '../../core/routes.ts';
import { runOf } from '../../core/run.ts';
import { scheduleKey } from '../../core/schedules.ts';
import type { Grant } from '../../local/access/grants.ts';
import {
  ACME,
  copyOf,
  GLOBEX,
  INITECH,
  isOf,
  isOfOther,
  type Operating,
  operate,
  pathOf,
} from './support/operating.ts';
import { PREFIX, type RunningStack, startRunningStack } from './support/running-stack.ts';

/**
 * Every grant of every role is used, by the functions themselves, behind emulators that refuse what the roles do not allow. An
 * unused grant is too wide; a missing one shows as a refusal.
 */
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const ago = (ms: number): string => iso(Date.now() - ms);

/** An object of an attempt whose row names no object: only objects older than a day are checked. */
const LEFTOVER = uuidv7(Date.now() - 2 * DAY);
const LEFTOVER_AT = ago(2 * DAY);
const leftoverKey = `${stemOf(VAULT.defaultKeyTemplate, {
  projectId: ACME,
  createdAt: LEFTOVER_AT,
  backupId: LEFTOVER,
  attempt: 1,
})}.dump`;

/** Granted, and not used here: with the reason. One that is used must go from this list. */
const EXCEPTIONS: readonly (readonly [
  holder: RegExp,
  action: string,
  resource: RegExp,
  why: string,
])[] = [
  [
    /ErasingErase/,
    'dynamodb:GetItem',
    /HistoryTable/,
    'reads a row that ended between two looks at it',
  ],
  [
    /Expire/,
    'sqs:SendMessage',
    /RetentionDeadLetters/,
    'Lambda gives a record of the stream up after a hundred failed tries',
  ],
  [
    /Schedules/,
    'sqs:SendMessage',
    /RunsDeadLetters/,
    'Scheduler gives a firing up that Lambda took at no time in six hours',
  ],
  [
    /SourceDemo(Export|Restores)/,
    's3:GetObject',
    /\/backups\/\*\/shop-\*$/,
    'reads objects under an earlier key template, which this stack never had',
  ],
  [
    /SourceDemoExport/,
    's3:PutObject',
    /\/templates-off\//,
    'no kept template was another than pg_dump writes',
  ],
  [
    /RunsStart/,
    'sqs:SendMessage',
    /RunsDeadLetters/,
    'Lambda gives the event of a schedule up after three failed tries',
  ],
];

/** Fires the schedule whose logical id has this prefix. */
const fire = async (prefix: string): Promise<void> => {
  const [schedule] = running.stack.model.schedules.filter(({ id }) => id.startsWith(prefix));
  await running.stack.fireSchedule(schedule?.name ?? '', new Date());
};

let running: RunningStack;
let on: Operating;
/** A backup whose objects a person removed. */
let gone: Backup;
beforeAll(async () => {
  running = await startRunningStack({ oldObjects: [leftoverKey] });
  on = operate(running);
}, 180_000);
afterAll(() => running?.stop());

describe('the functions use what they are granted', { timeout: 120_000 }, () => {
  it('in scheduled runs and backups by hand', async () => {
    const at = new Date(Date.now() - DAY);
    // A firing may be delivered twice.
    await running.stack.fireSchedule('nightly', at);
    while ((await running.stack.storedBackups()) < 3) await wait(200);
    await running.stack.fireSchedule('nightly', at);
    await on.used(/RunsStart/, 'dynamodb:Query');
    await on.quiet();
    // A backup is compared with the one before.
    await on.completed(`/projects/${ACME}/backups`);
    await on.completed(`${pathOf(await on.latestOf(ACME))}/verify`);
    await on.used(/Verify/, 'sqs:SendMessage');
  });

  it('in all requests to the API', async () => {
    const acme = await on.latestOf(ACME);
    const run = acme.runId ?? (await on.backupsOf(ACME)).find(({ runId }) => runId)?.runId ?? '';
    for (const { method, path } of ROUTES.filter((route) => route.method === 'GET')) {
      const asked = path
        .replace('{projectId}', ACME)
        .replace('{backupId}', acme.id)
        .replace('{runId}', run)
        .replace('{scheduleName}', 'nightly')
        .replace(/\{\w+\}/, acme.id);
      const { http } = await running.ask(method, asked);
      // There is no restore or verification of that id.
      expect([asked, http]).toEqual([
        asked,
        /s\/\{(restore|verification)Id\}$|\/erase/.test(path) ? 404 : 200,
      ]);
    }
    const own = `/projects/${ACME}/schedules/own`;
    for (const expression of ['rate(2 hours)', 'rate(3 hours)'])
      expect(await running.ask('PUT', own, { expression })).toMatchObject({ http: 200 });
    // EventBridge Scheduler fires it with the role that the API passed.
    const fired = running.stack.fireSchedule(
      scheduleKey({ projectId: ACME }, 'own'),
      new Date(Date.now() - 6 * DAY),
    );
    await expect(fired).resolves.toBeUndefined();
    await on.used(/ApiSchedules/, 'lambda:InvokeFunction');
    await on.quiet();
    expect(await running.ask('DELETE', own)).toMatchObject({ http: 200 });
    const pending = copyOf(acme, { status: 'pending', attempt: 0 });
    await running.putBackup(pending, 'pending');
    expect((await running.ask('POST', `${pathOf(pending)}/cancel`)).status).toBe('cancelled');
    const surplus = await on.completed(`/projects/${ACME}/backups`);
    expect(await running.ask('PATCH', surplus, { pinned: true })).toMatchObject({ http: 200 });
    expect(await running.ask('DELETE', `${surplus}?force=true`)).toMatchObject({
      http: 200,
      status: 'deleted',
    });
    const started = await running.ask('POST', '/runs', { projects: [GLOBEX] });
    expect(started.http).toBe(202);
    await on.used(/Api/, 'lambda:InvokeFunction', /Plan/);
    await on.quiet();
  });

  it('in restores, with a safety backup, of a backup whose row does not know its manifest', async () => {
    const globex = await on.latestOf(GLOBEX);
    await on.change(globex, { remove: 'manifestSha256' });
    const backup = pathOf(globex);
    expect(await running.ask('GET', `${backup}/restore-guide`)).toMatchObject({ http: 200 });
    await on.completed(`${backup}/verify`);
    await on.completed(`${backup}/restores`);
    const swap = await on.completed(`${backup}/swap`);
    // It looks for later swaps, which would have to be undone first.
    await on.completed(`${swap}/undo`);
    await on.quiet();
  });

  it('with a project that is new, and one that another source has', async () => {
    await running.sql(
      `INSERT INTO control_plane.projects VALUES ('bulk', 'Bulk', 'ACTIVE', now());
       CREATE SCHEMA bulk;
       CREATE TABLE bulk.rows AS SELECT md5(n::text) || md5((n + 1)::text) AS text FROM generate_series(1, 1200000) AS n`,
    );
    const request = async (): Promise<string> => {
      const asked = await running.ask('POST', `/projects/${PREFIX}bulk/backups`);
      expect(asked.http).toBe(202);
      return asked.links?.self ?? '';
    };
    let self = await request();
    // More than one part is under way: what has begun is aborted when the dump dies.
    const parts = async (): Promise<number> =>
      (await readdir(running.uploadsFolder, { recursive: true })).filter((name) =>
        /\/\d+-\d+-/.test(name),
      ).length;
    for (let looks = 1; (await parts()) === 0; looks += 1) {
      await wait(5);
      // On a busy machine the upload may be over before its parts are seen: it is requested again.
      if (looks % 50 === 0 && (await running.ask('GET', self)).status === 'completed')
        self = await request();
    }
    await running.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'larder/%'`,
    );
    await on.used(/Export/, 's3:AbortMultipartUpload');
    const Key = { pk: partitionOf(INITECH), sk: TABLE.projectRow };
    const belongTo = (source: string) =>
      running.document.send(
        new UpdateCommand({
          TableName: running.table,
          Key,
          UpdateExpression: 'SET #source = :source, #sort = :sort',
          ExpressionAttributeNames: { '#source': 'source', '#sort': TABLE.statusIndex.sk },
          ExpressionAttributeValues: { ':source': source, ':sort': `${source}#${INITECH}` },
        }),
      );
    await belongTo('other');
    expect(await running.stack.invoke('discover:demo', {})).toMatchObject({ kind: 'ok' });
    const event = { schedule: 'nightly', scheduledAt: ago(3 * DAY), sources: ['demo'] };
    const planned = await running.stack.invoke('plan:demo', { ...event, projects: [INITECH] });
    expect(planned).toMatchObject({ kind: 'ok' });
    await belongTo('demo');
  });

  it('with attempts that follow others, and backups that are gone', async () => {
    const acme = await on.latestOf(ACME);
    const send = ({ projectId, id: backupId }: Backup) =>
      running.send('SourceDemoExportsQueue', { projectId, backupId });
    // Its message is delivered twice.
    await send(acme);
    await on.used(/Export/, 'dynamodb:GetItem');
    // An earlier attempt left nothing.
    const again = copyOf(acme, { status: 'pending', attempt: 1 });
    await running.putBackup(again, 'pending');
    await send(again);
    await on.used(/Export/, 's3:ListBucket');
    await running.untilEnded(pathOf(again));
    gone = await on.latestOf(GLOBEX);
    await on.removeObjects(gone);
    const guide = await running.ask('GET', `${pathOf(gone)}/restore-guide`);
    expect(guide.http).not.toBe(200);
    const waiting = { status: 'pending', attempt: 0, backupId: gone.id } as const;
    const restore = { ...(await on.doneOf(running.restores)), ...waiting, id: uuidv7(Date.now()) };
    await running.restores.create(restore);
    await running.send('SourceDemoRestoresRequestsQueue', {
      projectId: GLOBEX,
      restoreId: restore.id,
    });
    await on.used(/Restore/, 's3:ListBucket');
    const verification = {
      ...(await on.doneOf(running.verifications)),
      ...waiting,
      id: uuidv7(Date.now()),
    };
    await running.verifications.create(verification);
    await running.send('VerificationsRequestsQueue', {
      projectId: GLOBEX,
      verificationId: verification.id,
    });
    await on.used(/Verify/, 's3:ListBucket');
  });

  it('in retention', async () => {
    const [, older] = await on.backupsOf(ACME);
    if (!older) throw new Error('acme has no two backups');
    for (const backup of [gone, older]) await on.change(backup, { ttl: 1 });
    await running.stack.expireNow();
    // A record of a backup that exists again.
    const globex = await on.latestOf(GLOBEX);
    const record = {
      eventID: 'again',
      eventName: 'REMOVE',
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      dynamodb: {
        SequenceNumber: '1',
        OldImage: marshall(rowOf(globex), { removeUndefinedValues: true }),
      },
    };
    expect(await running.stack.invoke('expire', { Records: [record] })).toMatchObject({
      kind: 'ok',
    });
  });

  it('in a sweep', async () => {
    const acme = await on.latestOf(ACME);
    await running.putBackup(
      copyOf(acme, { id: LEFTOVER, createdAt: LEFTOVER_AT, status: 'failed', attempt: 1 }),
    );
    await running.s3.send(
      new CreateMultipartUploadCommand({ Bucket: running.bucket, Key: acme.fileId }),
    );
    const waiting = { status: 'pending', attempt: 0, queuedAt: ago(7 * 60 * MINUTE) } as const;
    await running.putBackup(copyOf(acme, waiting), 'pending');
    await running.putBackup(copyOf(acme, { completedAt: ago(11 * MINUTE) }), 'unnotified');
    const recently = { ...waiting, queuedAt: ago(6 * MINUTE) };
    const id = uuidv7(Date.now());
    await running.restores.create({ ...(await on.doneOf(running.restores)), ...recently, id });
    await running.verifications.create({
      ...(await on.doneOf(running.verifications)),
      ...recently,
      id,
    });
    const event = { schedule: 'nightly', scheduledAt: ago(2 * DAY), sources: ['demo'] };
    await running.runs.begin(
      runOf({ ...event, projects: [GLOBEX], retentionClass: 'daily' }, Date.now() - 31 * MINUTE),
    );
    await fire('SchedulesSweep');
    // It starts the function that erases, too: see below.
    await on.used(/Sweep/, 'lambda:InvokeFunction', /Plan/);
    await on.used(/Sweep/, 's3:ListBucketVersions');
  });

  it('with dead letters', async () => {
    const acme = await on.latestOf(ACME);
    const { projectId } = acme;
    const pending = copyOf(acme, { status: 'pending', attempt: 0 });
    await running.putBackup(pending, 'pending');
    await running.send('SourceDemoExportsDeadLetters', { projectId, backupId: pending.id });
    await running.send('OutcomesMessagesDeadLetters', {
      kind: 'backup',
      projectId,
      backupId: acme.id,
    });
    await running.send('RetentionDeadLetters', 'where the stream stood');
    const dead = { schedule: 'nightly', scheduledAt: ago(5 * DAY), sources: ['demo'] };
    await running.send('RunsDeadLetters', dead);
    await running.send('SourceDemoRestoresRequestsDeadLetters', {
      projectId: GLOBEX,
      restoreId: (await on.doneOf(running.restores)).id,
    });
    await running.send('VerificationsRequestsDeadLetters', {
      projectId: GLOBEX,
      verificationId: (await on.doneOf(running.verifications)).id,
    });
    // Planning dies three times.
    const planning = setInterval(() => {
      for (const pid of running.stack.workers('plan:demo')) process.kill(pid, 'SIGKILL');
    }, 5);
    await running.stack.fireSchedule('nightly', new Date(Date.now() - 4 * DAY));
    await on.used(/Plan/, 'sqs:SendMessage', /PlanDeadLetters/);
    clearInterval(planning);
    await fire('SchedulesDeadLetters');
    for (const queue of [
      'Exports',
      'Outcomes',
      'Retention',
      'Restores',
      'Verifications',
      'Plan',
      'Runs',
    ])
      await on.used(/Bury/, 'sqs:DeleteMessage', new RegExp(`${queue}\\w*DeadLetters`));
  });
});

describe('erasing a project', { timeout: 120_000 }, () => {
  it('uses what its function is granted', async () => {
    await on.quiet();
    const globex = await on.latestOf(GLOBEX);
    const of = `/projects/${GLOBEX}`;
    await running.ask('PUT', `${of}/schedules/own`, { expression: 'rate(2 hours)' });
    await running.putBackup(copyOf(globex, { status: 'pending', attempt: 0 }), 'pending');
    await running.s3.send(
      new CreateMultipartUploadCommand({ Bucket: running.bucket, Key: globex.fileId }),
    );
    const asked = await running.ask('POST', `${of}/erase`, { confirm: GLOBEX, acceptListed: true });
    expect(asked.http).toBe(202);
    expect(await running.untilEnded(`${of}/erase`)).toMatchObject({ status: 'completed' });
    expect(await running.ask('GET', `${of}/erase/statement`)).toMatchObject({ http: 200 });
    expect(await running.ask('POST', `${of}/backups`)).toMatchObject({ http: 410 });
    await fire('SchedulesSweep');
    await on.used(/Sweep/, 'lambda:InvokeFunction', /Erase/);
  });
});

it('no request was refused, and nothing else went wrong', () => {
  expect(running.stack.accessReport().refused).toEqual([]);
  expect(running.problems).toEqual([]);
});

it('no role has an unused grant, except the listed exceptions, which are unused', () => {
  const { granted, unused } = running.stack.accessReport();
  expect(granted).toBeGreaterThan(150);
  const isExcepted = (grant: Grant): boolean =>
    EXCEPTIONS.some(([holder, action, resource]) => isOf(holder, action, resource)(grant));
  expect(unused.filter((grant) => !isExcepted(grant) && !isOfOther(grant))).toEqual([]);
  const stale = EXCEPTIONS.filter(
    ([holder, action, resource]) => !unused.some(isOf(holder, action, resource)),
  );
  expect(stale).toEqual([]);
});
