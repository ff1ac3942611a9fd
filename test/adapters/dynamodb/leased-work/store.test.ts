import { describe, expect, test } from 'vitest';
import {
  BACKUP_LAYOUT,
  type Layout,
  RESTORE_LAYOUT,
  VERIFICATION_LAYOUT,
} from '../../../../adapters/dynamodb/leased-work/layout.ts';
import { getRow } from '../../../../adapters/dynamodb/table.ts';
import { iso } from '../../../../core/backup.ts';
import { DAY_PROJECTION, STATUS_PROJECTION } from '../../../../core/contract.ts';
import type { Findings, WorkStore } from '../../../../core/leased-work/store.ts';
import type { LeasedWork } from '../../../../core/leased-work/work.ts';
import {
  BACKUP_SAMPLE,
  RESTORE_SAMPLE,
  type Sample,
  VERIFICATION_SAMPLE,
} from '../../../core/leased-work/stores.ts';
import { NIGHT, type TestHistory } from '../../../support/backups.ts';
import { historyForEach } from '../../../support/history.ts';
import type { Tables } from '../../../support/tables.ts';

/** What the contract of test/core/leased-work does not cover, because only DynamoDB has it. */
let it: TestHistory;
let tables: Tables;
historyForEach((made, shared) => {
  it = made;
  tables = shared;
});

const suite = <W extends LeasedWork, R extends Findings<W>>(
  sample: Sample<W, R>,
  layout: Layout<W>,
) => {
  const claimed = async () => {
    const store: WorkStore<W, R> = sample.onDynamoDb(it.access);
    const work = sample.row(NIGHT);
    await store.create(work);
    const outcome = await store.claim(work.projectId, work.id);
    if (outcome.kind !== 'claimed') throw new Error(`not claimed but ${outcome.kind}`);
    const row = async () => (await getRow(it.access, layout.keyOf(work.projectId, work.id))) ?? {};
    return { store, claim: outcome.claim, row };
  };

  test('a heartbeat writes to no index', async () => {
    const { store, claim, row } = await claimed();
    const before = await row();
    it.pass(1000);
    await store.heartbeat(claim, sample.findings);
    const after = await row();
    const changed = Object.keys(after).filter(
      (name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]),
    );
    expect(changed.sort()).toEqual([...Object.keys(sample.findings), 'leaseUntil'].sort());
    const projected: readonly string[] = [...STATUS_PROJECTION, ...DAY_PROJECTION];
    expect(changed.filter((name) => projected.includes(name))).toEqual([]);
  });

  test('a worker recognizes its own claim if the answer to it was lost', async () => {
    // The SDK repeats a request whose answer was lost, even if the first one was carried out.
    tables.client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === 'UpdateItemCommand') await next(args);
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'twice' },
    );
    try {
      expect((await claimed()).claim.attempt).toBe(1);
    } finally {
      tables.client.middlewareStack.remove('twice');
    }
  });

  test('a completed row has no attribute of the lease, and shows how long the work took', async () => {
    const { store, claim, row } = await claimed();
    it.pass(7000);
    const completed = await store.complete(claim, sample.result(it.access.clock()));
    expect(completed?.durationMs).toBe(sample.name === 'backup' ? 60_000 : 7000);
    expect(completed?.completedAt).toBe(iso(NIGHT + 7000));
    for (const name of ['leaseUntil', 'claimedBy', 'retryAt', 'cancelRequested'])
      expect(await row()).not.toHaveProperty(name);
  });
};

describe('backups', () => suite(BACKUP_SAMPLE, BACKUP_LAYOUT));
describe('restores', () => suite(RESTORE_SAMPLE, RESTORE_LAYOUT));
describe('verifications', () => suite(VERIFICATION_SAMPLE, VERIFICATION_LAYOUT));
