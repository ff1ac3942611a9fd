import { expect, test } from 'vitest';
import { makeErasures } from '../../../adapters/dynamodb/erasures.ts';
import { NOTHING_REMOVED } from '../../../core/erasure.ts';
import { stemOf } from '../../../core/keys.ts';
import { pendingBackup } from '../../support/backups.ts';
import { DAY, type System, TEMPLATE } from './sweeping.ts';
import { systemForEach } from './system-for-each.ts';

let it: System;
systemForEach((made) => {
  it = made;
});

const begin = (projectId: string) =>
  makeErasures(it.access).begin({
    projectId,
    requestedAt: it.now(),
    status: 'in-progress',
    waitingFor: 0,
    removed: NOTHING_REMOVED,
  });

test('an erasure is started again until it has ended', async () => {
  await begin('acme');
  expect(await it.mended()).toEqual({ erasuresStarted: 1 });
  expect(it.erasing).toEqual(['acme']);
  await makeErasures(it.access).close('acme');
  expect(await it.mended()).toEqual({});
});

test('an object that a worker stored after the erasure of its project is removed, and no other stray', async () => {
  const stray = async (projectId: string): Promise<string> => {
    const { id, createdAt } = pendingBackup({ projectId, createdAt: it.now() });
    const key = `${stemOf(TEMPLATE, { projectId, createdAt, backupId: id, attempt: 1 })}.dump`;
    await it.vault.put(key);
    return key;
  };
  await stray('acme');
  const kept = await stray('globex');
  await begin('acme');
  await makeErasures(it.access).close('acme');
  it.pass(2 * DAY);
  expect(await it.mended()).toEqual({ objectsRemoved: 1, strays: 1 });
  expect(await it.vault.keys()).toEqual([kept]);
});
