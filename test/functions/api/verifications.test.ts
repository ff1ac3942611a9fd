import { describe, expect, test } from 'vitest';
import { makeValidations } from '../../../adapters/dynamodb/validations.ts';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { notRun } from '../../../core/verification.ts';
import { DAY, NIGHT } from '../../support/backups.ts';
import { apiForEach } from './api-for-each.ts';
import { expectProblem, type TestApi } from './calling.ts';
import { expectRefused, pathOf, storedBackup, table } from './stored.ts';

let api: TestApi;
apiForEach((made) => {
  api = made;
});

const HASHED = { tables: [table('orders', { rowHash: 'f00' }), table('empty', { rows: 0 })] };

describe('a requested verification', () => {
  test('has a row and a message, and is answered with 202 and its location', async () => {
    const backup = await storedBackup(api);
    const reply = await api.post(`${pathOf(backup)}/verify`);
    const { id } = reply.json;
    const self = `${pathOf(backup)}/verifications/${id}`;
    expect(reply).toMatchObject({ status: 202, headers: { location: self } });
    expect(reply.json).toEqual({
      id,
      projectId: 'acme',
      projectName: 'Acme',
      backupId: backup.id,
      source: 'main',
      environment: 'test',
      status: 'pending',
      compare: 'counts',
      asked: true,
      attempt: 0,
      createdAt: iso(NIGHT),
      expiresAt: iso(NIGHT + 365 * DAY),
      links: { self, backup: pathOf(backup) },
    });
    expect(api.verifying()).toEqual([{ projectId: 'acme', verificationId: id }]);
    expect((await api.get(self)).json).toEqual({
      ...reply.json,
      queue: { ahead: 0, more: false },
    });
  });

  test('compares rows if that is requested and the backup has their hashes', async () => {
    const without = `${pathOf(await storedBackup(api))}/verify`;
    const refused = await api.post(without, { compare: 'rows' });
    expectProblem(refused, 400);
    expect(refused.json.problems).toEqual([expect.stringMatching(/^compare: .*export\.compare/)]);
    expect(api.verifying()).toEqual([]);
    const hashed = `${pathOf(await storedBackup(api, {}, HASHED))}/verify`;
    expect((await api.post(hashed, { compare: 'rows' })).json).toMatchObject({ compare: 'rows' });
    expect((await api.post(hashed)).json).toMatchObject({ compare: 'counts' });
    const empty = await storedBackup(api, {}, { tables: [table('orders', { rows: 0 })] });
    expect((await api.post(`${pathOf(empty)}/verify`, { compare: 'rows' })).status).toBe(202);
  });

  test('compares as configured by default, and never claims to compare rows that can’t be compared', async () => {
    Object.assign(api.api.settings, { verification: { compare: 'rows' } });
    const without = await storedBackup(api);
    const hashed = await storedBackup(api, {}, HASHED);
    const compared = async (backup: typeof hashed, body?: object) =>
      (await api.post(`${pathOf(backup)}/verify`, body)).json;
    expect(await compared(without)).toMatchObject({ compare: 'counts' });
    expect(await compared(hashed)).toMatchObject({ compare: 'rows' });
    expect(await compared(hashed, { compare: 'counts' })).toMatchObject({ compare: 'counts' });
  });

  test('is the same one under the same Idempotency-Key, and keeps its row if sending fails', async () => {
    const path = `${pathOf(await storedBackup(api))}/verify`;
    const headers = { 'Idempotency-Key': 'k' };
    const whole = api.sending.verifications;
    api.sending.verifications = { send: () => Promise.reject(new Error('SQS is down')) };
    const one = await api.post(path, {}, { headers });
    expect(one.status).toBe(202);
    expect(api.verifying()).toEqual([]);
    api.sending.verifications = whole;
    expect((await api.post(path, {}, { headers })).json).toEqual(one.json);
    expect(api.verifying()).toHaveLength(1);
    expect((await api.post(path, { compare: 'counts' }, { headers })).status).toBe(422);
  });

  test('is accepted for any definitions of a database, whether or not its source accepts restores, and not for rows alone', async () => {
    api.restoreQueues.clear();
    const schema = await storedBackup(api, { content: 'schema' });
    expect((await api.post(`${pathOf(schema)}/verify`)).status).toBe(202);
    const rows = `${pathOf(await storedBackup(api, { content: 'data' }))}/verify`;
    const why = /nothing to restore it into .* content full\. GET .*restore-guide/;
    await expectRefused(api, rows, {}, [409, 'ContentNotRestorable', why]);
    const logs = `${pathOf(await storedBackup(api, { type: 'logs' }))}/verify`;
    await expectRefused(api, logs, {}, [409, 'ContentNotRestorable', /of logs/]);
    const waiting = `${pathOf(await api.pending())}/verify`;
    await expectRefused(api, waiting, {}, [409, 'BackupNotReady', /only a completed/]);
    expectProblem(await api.post(logs, { compare: 'bytes' }), 400);
  });
});

test('a verification that could not run reports that, and one that failed reports the differences', async () => {
  const { verifications } = api.api.ports;
  const path = `${pathOf(await storedBackup(api))}/verify`;
  const ended = async (result: ReturnType<typeof notRun>) => {
    const { json } = await api.post(path);
    const outcome = await verifications.claim('acme', json.id);
    if (outcome.kind !== 'claimed') throw new Error('not claimed');
    await verifications.complete(outcome.claim, { result });
    return (await api.get(json.links.self ?? '')).json;
  };
  const why = 'It is too large.';
  expect(await ended(notRun(why))).toMatchObject({ result: { verdict: 'could-not-run', why } });
  const differs = {
    ...notRun(''),
    verdict: 'failed',
    differences: ['a'],
    differenceCount: 9,
  } as const;
  expect(await ended(differs)).toMatchObject({ status: 'completed', result: differs });
});

test("a backup's verifications are listed and found only under it", async () => {
  const backup = await storedBackup(api);
  const made = (await api.post(`${pathOf(backup)}/verify`)).json;
  const list = await api.get(`${pathOf(backup)}/verifications`);
  expect(list.json).toEqual({ items: [made] });
  const other = await storedBackup(api);
  expect((await api.get(`${pathOf(other)}/verifications`)).json).toEqual({ items: [] });
  const restore = (await api.post(`${pathOf(backup)}/restores`)).json;
  for (const path of [
    `${pathOf(other)}/verifications/${made.id}`,
    `/projects/globex/backups/${backup.id}/verifications/${made.id}`,
    `${pathOf(backup)}/verifications/${restore.id}`,
    `${pathOf(backup)}/verifications/x`,
  ])
    expect((await api.get(path)).json, path).toMatchObject({ code: 'VerificationNotFound' });
  expect((await api.get(`${pathOf(backup)}/restores/${made.id}`)).json.code).toBe(
    'RestoreNotFound',
  );
  expect((await api.get(`/projects/acme/backups/${uuidv7(NIGHT)}/verifications`)).status).toBe(404);
});

test('a backup shows the findings of its last verification, and links to its restores and verifications', async () => {
  const backup = await storedBackup(api);
  const self = pathOf(backup);
  const links = {
    self,
    download: `${self}/download`,
    restores: `${self}/restores`,
    verifications: `${self}/verifications`,
    manifest: `${self}/manifest`,
    restoreGuide: `${self}/restore-guide`,
  };
  const before = (await api.get(self)).json;
  expect(before).toMatchObject({ validation: 'unverified', links });
  expect(Object.keys(before.links).sort()).toEqual(Object.keys(links).sort());
  const verificationId = uuidv7(NIGHT);
  await makeValidations(api.access).noteValidation('acme', backup.id, {
    validation: 'failed',
    verificationId,
    validatedAt: iso(NIGHT),
    why: 'Table orders has 2 rows instead of 3.',
  });
  const after = (await api.get(self)).json;
  expect(after).toMatchObject({
    validation: 'failed',
    validatedAt: iso(NIGHT),
    validationWhy: 'Table orders has 2 rows instead of 3.',
    links: { ...links, verification: `${self}/verifications/${verificationId}` },
  });
  const waiting = (await api.get(pathOf(await api.pending()))).json;
  expect(Object.keys(waiting.links)).toEqual(['self']);
});

describe('the restore guide', () => {
  test("is Markdown for this backup, with the vault's bucket and its object", async () => {
    const backup = await storedBackup(api);
    const reply = await api.get(`${pathOf(backup)}/restore-guide`);
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      'content-type': 'text/markdown; charset=utf-8',
      'cache-control': 'no-store',
    });
    for (const part of [api.api.settings.bucket, backup.fileId ?? '-', backup.checksum ?? '-'])
      expect(reply.text).toContain(part);
  });

  test('is described as Markdown', async () => {
    const { paths } = (await api.get('/openapi.json')).json;
    const path = '/projects/{projectId}/backups/{backupId}/restore-guide';
    expect(paths[path]?.get).toMatchObject({
      responses: { 200: { content: { 'text/markdown': { schema: { type: 'string' } } } } },
    });
  });

  test('exists only for completed backups', async () => {
    const waiting = await api.pending();
    expectProblem(await api.get(`${pathOf(waiting)}/restore-guide`), 409);
    expectProblem(await api.get(`/projects/acme/backups/${uuidv7(NIGHT)}/restore-guide`), 404);
    const gone = await storedBackup(api);
    await api.vault.remove([`backups/acme/${gone.id}-1.manifest.json`]);
    expectProblem(await api.get(`${pathOf(gone)}/restore-guide`), 410);
  });
});
