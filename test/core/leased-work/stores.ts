import { beforeAll, beforeEach, describe, expect } from 'vitest';
import { makeHistory } from '../../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../../adapters/dynamodb/jobs.ts';
import type { HistoryTable } from '../../../adapters/dynamodb/table.ts';
import { type Backup, type Completion, iso } from '../../../core/backup.ts';
import type { Claim, Findings, OpenState, WorkStore } from '../../../core/leased-work/store.ts';
import type { LeasedWork, WorkName, WorkRef } from '../../../core/leased-work/work.ts';
import type { Clock } from '../../../core/ports.ts';
import type { Restore } from '../../../core/restore.ts';
import { notRun, type Verification } from '../../../core/verification.ts';
import { completionOf, NIGHT, pendingBackup } from '../../support/backups.ts';
import { restoreRow, verificationRow } from '../../support/jobs.ts';
import { makeMemoryStore } from '../../support/memory-store.ts';
import { startTables, type Tables } from '../../support/tables.ts';

/** What a suite needs to try one kind of leased work on one store. */
export interface Sample<W extends LeasedWork, R extends Findings<W>> {
  readonly name: WorkName;
  readonly row: (now: number, changes?: Partial<WorkRef>) => W;
  /** Written by a heartbeat. */
  readonly findings: Findings<W>;
  /** Those of `findings` that outlive the attempt. */
  readonly lasting: Findings<W>;
  readonly result: (now: number) => R;
  readonly onDynamoDb: (access: HistoryTable) => WorkStore<W, R>;
  readonly inMemory: (clock: Clock) => WorkStore<W, R>;
}

export interface OpenStore<W extends LeasedWork, R extends Findings<W>> {
  readonly store: WorkStore<W, R>;
  readonly now: Clock;
  readonly pass: (ms: number) => void;
  /** Creates a pending row. */
  readonly pending: (changes?: Partial<WorkRef>) => Promise<W>;
  readonly claimed: (work: WorkRef) => Promise<Claim>;
  readonly openIds: (state: OpenState) => Promise<string[]>;
}

export const BACKUP_SAMPLE: Sample<Backup, Completion> = {
  name: 'backup',
  row: (now, changes) => pendingBackup({ createdAt: iso(now), ...changes }),
  findings: {
    progress: { tablesDone: 1, tablesTotal: 3, bytes: 10, bytesPerSecond: 5, at: 'now' },
  },
  lasting: {},
  result: (now) => completionOf(pendingBackup(), { completedAt: iso(now) }),
  onDynamoDb: makeHistory,
  inMemory: (clock) => makeMemoryStore<Backup, Completion>(clock),
};

export const RESTORE_SAMPLE: Sample<Restore, Findings<Restore>> = {
  name: 'restore',
  row: restoreRow,
  findings: {
    safetyBackupId: 'b1',
    progress: {
      step: 'loading',
      tablesDone: 1,
      tablesTotal: 3,
      bytesRead: 10,
      bytesTotal: 30,
      at: 'now',
    },
  },
  lasting: { safetyBackupId: 'b1' },
  result: () => ({ safetyBackupId: 'b2' }),
  onDynamoDb: makeRestores,
  inMemory: (clock) => makeMemoryStore<Restore>(clock),
};

export const VERIFICATION_SAMPLE: Sample<Verification, Findings<Verification>> = {
  name: 'verification',
  row: verificationRow,
  findings: { result: notRun('It is too large.') },
  lasting: { result: notRun('It is too large.') },
  result: () => ({ result: notRun('It is too large.') }),
  onDynamoDb: makeVerifications,
  inMemory: (clock) => makeMemoryStore<Verification>(clock),
};

export type Suite = <W extends LeasedWork, R extends Findings<W>>(
  sample: Sample<W, R>,
  open: () => Promise<OpenStore<W, R>>,
  where: 'memory' | 'DynamoDB',
) => void;

/** Runs a suite over the three kinds, each on both stores. */
export const overAllStores = (suite: Suite): void => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await startTables();
    return () => tables.stop();
  });
  const opening = async <W extends LeasedWork, R extends Findings<W>>(
    sample: Sample<W, R>,
    where: 'DynamoDB' | 'memory',
  ): Promise<OpenStore<W, R>> => {
    let time = NIGHT;
    const clock = () => time;
    const store =
      where === 'memory'
        ? sample.inMemory(clock)
        : sample.onDynamoDb({ table: await tables.newTable(), client: tables.client, clock });
    return {
      store,
      now: clock,
      pass: (ms) => {
        time += ms;
      },
      pending: async (changes) => {
        const work = sample.row(time, changes);
        expect(await store.create(work)).toBe('created');
        return work;
      },
      claimed: async ({ projectId, id }) => {
        const outcome = await store.claim(projectId, id);
        if (outcome.kind !== 'claimed') throw new Error(`not claimed but ${outcome.kind}`);
        return outcome.claim;
      },
      openIds: async (state) => {
        const ids: string[] = [];
        for await (const { id } of store.open(state)) ids.push(id);
        return ids.sort();
      },
    };
  };
  const run = <W extends LeasedWork, R extends Findings<W>>(sample: Sample<W, R>): void =>
    describe.each(['memory', 'DynamoDB'] as const)(`a ${sample.name} in %s`, (where) =>
      suite(sample, () => opening(sample, where), where),
    );
  run(BACKUP_SAMPLE);
  run(RESTORE_SAMPLE);
  run(VERIFICATION_SAMPLE);
};

/** The same for examples, which each need their own store. */
export const storeForEach = <W extends LeasedWork, R extends Findings<W>>(
  open: () => Promise<OpenStore<W, R>>,
  take: (it: OpenStore<W, R>) => void,
): void => {
  beforeEach(async () => {
    take(await open());
  });
};
