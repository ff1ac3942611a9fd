import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { makeHistory } from '../../../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../../../adapters/dynamodb/jobs.ts';
import {
  type HistoryTable,
  type Key,
  putRow,
  type Row,
} from '../../../../adapters/dynamodb/table.ts';
import { makeValidations } from '../../../../adapters/dynamodb/validations.ts';
import { bodyOf } from '../../../../adapters/sqs/body.ts';
import { type Backup, type Completion, iso } from '../../../../core/backup.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import {
  BACKUPS,
  messageOf,
  RESTORES,
  VERIFICATIONS,
  type WorkKind,
} from '../../../../core/leased-work/kinds.ts';
import type { Claim, Findings, WorkStore } from '../../../../core/leased-work/store.ts';
import type { LeasedWork, WorkName } from '../../../../core/leased-work/work.ts';
import { parseJson } from '../../../../core/messages.ts';
import type { Restore } from '../../../../core/restore.ts';
import { notRun, type Verification } from '../../../../core/verification.ts';
import { completionOf, NIGHT, pendingBackup, type TestHistory } from '../../../support/backups.ts';
import { historyForEach } from '../../../support/history.ts';
import { restoreRow, verificationRow } from '../../../support/jobs.ts';

/**
 * Rows and messages as version 0.1.0 wrote them, when each kind of leased work had code of its own. They are read with their old
 * meaning, and today's code writes the same: a deployment finds rows of the version before, whose workers still run.
 */
const STATES = [
  'pending',
  'running',
  'released',
  'cancelling',
  'exhausted',
  'requeued',
  'completed',
  'told',
  'failed',
  'givenUp',
  'cancelled',
] as const;
type State = (typeof STATES)[number];

interface Old {
  readonly ids: Readonly<Record<WorkName, Readonly<Record<State | 'deleted', string>>>>;
  readonly messages: Readonly<Record<string, string>>;
  readonly outcomes: Readonly<Record<WorkName, string>>;
  readonly rows: readonly (Row & Key)[];
}
const OLD: Old = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'rows-0.1.0.json'), 'utf8'),
);

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const failure = { name: 'LockTimeout', message: 'A lock was not free.' };
const LEASE = 60_000;
const PROJECT = { projectId: 'größe "b"\n🐘' };

interface Subject<W extends LeasedWork, R extends Findings<W>> {
  readonly kind: WorkKind<W>;
  readonly store: (access: HistoryTable) => WorkStore<W, R>;
  readonly row: (id: string, state: State) => W;
  readonly findings: Findings<W>;
  readonly result: (id: string) => R;
  readonly failed?: Findings<W>;
  readonly died: { readonly name: string; readonly message: string };
}

const ofBackups: Subject<Backup, Completion> = {
  kind: BACKUPS,
  store: makeHistory,
  row: (id, state) =>
    pendingBackup({
      id,
      ...(state === 'failed' && { runId: uuidv7(NIGHT, 'run'), runChunk: 'main#0' }),
      compression: 'zstd',
    }),
  findings: {
    progress: { tablesDone: 1, tablesTotal: 3, bytes: 10, bytesPerSecond: 5, at: iso(NIGHT) },
  },
  result: (id) =>
    completionOf(pendingBackup({ id }), {
      manifestSha256: 'b'.repeat(64),
      warnings: ['Odd.'],
      anomalyCount: 1,
    }),
  died: { name: 'WorkerDied', message: 'The worker died.' },
};

const outcome: Restore['outcome'] = {
  schemas: [{ from: 'acme', to: 'acme' }],
  tables: 2,
  rows: 42,
  bytesRead: 1000,
  foreignKeys: [],
  leftOut: [],
  unfinished: [],
  before: [{ from: 'acme', to: 'acme_before_20261121t020000' }],
  warnings: [],
};
const ofRestores: Subject<Restore, Findings<Restore>> = {
  kind: RESTORES,
  store: makeRestores,
  row: (id) =>
    restoreRow(NIGHT, {
      id,
      backupId: uuidv7(NIGHT, 'the backup'),
      mode: 'swap',
      seal: 'ab'.repeat(16),
      tables: ['größe'],
    }),
  findings: {
    progress: {
      step: 'loading',
      tablesDone: 1,
      tablesTotal: 3,
      bytesRead: 10,
      bytesTotal: 30,
      at: iso(NIGHT),
    },
    safetyBackupId: uuidv7(NIGHT, 'safety'),
  },
  result: () => ({ outcome }),
  failed: { outcome },
  died: { name: 'JobWorkerDied', message: 'It was given up.' },
};

const { why: _, ...verified } = notRun('');
const ofVerifications: Subject<Verification, Findings<Verification>> = {
  kind: VERIFICATIONS,
  store: makeVerifications,
  row: (id) => verificationRow(NIGHT, { id, backupId: uuidv7(NIGHT, 'the backup') }),
  findings: {},
  result: () => ({
    result: { ...verified, verdict: 'verified', serverVersion: '18.1', diskBytes: 1000 },
  }),
  died: { name: 'JobWorkerDied', message: 'It was given up.' },
};

/** Brings one row into a state, as its workers and sweep do. */
const live = async <W extends LeasedWork, R extends Findings<W>>(
  subject: Subject<W, R>,
  state: State,
): Promise<void> => {
  const store = subject.store(it.access);
  const id = OLD.ids[subject.kind.name][state];
  await store.create(subject.row(id, state));
  const run = async (): Promise<Claim> => {
    const claimed = await store.claim('acme', id);
    if (claimed.kind !== 'claimed') throw new Error(`not claimed but ${claimed.kind}`);
    await store.heartbeat(claimed.claim, subject.findings);
    return claimed.claim;
  };
  const outlive = async (): Promise<void> => {
    await run();
    it.pass(LEASE);
  };
  const steps: Record<State, () => Promise<unknown>> = {
    pending: async () => undefined,
    running: run,
    released: async () => store.release(await run(), failure, iso(NIGHT + LEASE)),
    cancelling: () => run().then(() => store.requestCancel('acme', id)),
    exhausted: () => outlive().then(outlive).then(outlive),
    requeued: () => outlive().then(() => store.requeue('acme', id)),
    completed: async () => store.complete(await run(), subject.result(id)),
    told: () => steps.completed().then(() => store.markNotified('acme', id)),
    failed: async () =>
      store.fail(await run(), failure, subject.failed ?? subject.kind.findingsOf?.(failure)),
    givenUp: () =>
      outlive().then(() =>
        store.failAbandoned('acme', id, subject.died, subject.kind.findingsOf?.(subject.died)),
      ),
    cancelled: async () => store.cancel(await run()),
  };
  await steps[state]();
};

const withoutWorker = ({ claimedBy, ...row }: Row): Row => ({
  ...row,
  ...(claimedBy !== undefined && { claimedBy: 'some worker' }),
});

test('today’s rows have the attributes and values of rows of version 0.1.0', async () => {
  for (const state of STATES) {
    await live(ofBackups, state);
    await live(ofRestores, state);
    await live(ofVerifications, state);
  }
  await makeValidations(it.access).noteValidation('acme', OLD.ids.backup.told, {
    validation: 'verified',
    verificationId: OLD.ids.verification.completed,
    validatedAt: iso(NIGHT),
    compare: 'counts',
  });
  const gone = pendingBackup({ id: OLD.ids.backup.deleted, projectId: 'globex' });
  await it.history.leaveDeleted(
    { ...gone, ...completionOf(gone), status: 'completed' },
    'retention',
  );
  const { Items = [] } = await it.access.client.send(
    new ScanCommand({ TableName: it.access.table }),
  );
  const place = ({ pk, sk }: Row) => `${pk} ${sk}`;
  const today = new Map(Items.map((row) => [place(row), withoutWorker(row)]));
  expect(today.size).toBe(OLD.rows.length);
  for (const row of OLD.rows) expect(today.get(place(row))).toEqual(withoutWorker(row));
});

const suite = <W extends LeasedWork, R extends Findings<W>>(subject: Subject<W, R>) => {
  const { name } = subject.kind;
  const ids = OLD.ids[name];
  const filled = async (): Promise<WorkStore<W, R>> => {
    for (const row of OLD.rows) await putRow(it.access, row);
    return subject.store(it.access);
  };

  test('are read with all their attributes except those of storage', async () => {
    const store = await filled();
    const storage = ['pk', 'sk', 'kind', 'expirySeconds', 'claimedBy', 'statusKey', 'statusSort'];
    for (const state of STATES) {
      const row = OLD.rows.find(({ sk }) => sk.endsWith(ids[state])) ?? {};
      const found = await store.get('acme', ids[state]);
      const expected = Object.entries(row).filter(
        ([attribute]) =>
          ![...storage, 'dayKey', 'daySort', 'ttl'].includes(attribute) &&
          !attribute.startsWith('known'),
      );
      expect(found).toMatchObject(Object.fromEntries(expected));
      for (const attribute of storage) expect(found).not.toHaveProperty(attribute);
    }
  });

  test('are in the same lists as before', async () => {
    const store = await filled();
    const listed = async (state: 'pending' | 'in-progress' | 'unnotified') => {
      const found = new Set<string>();
      for await (const { id } of store.open(state)) found.add(id);
      return STATES.filter((one) => found.has(ids[one]));
    };
    expect(await listed('pending')).toEqual(['pending', 'released', 'requeued']);
    expect(await listed('in-progress')).toEqual(['running', 'cancelling', 'exhausted']);
    expect(await listed('unnotified')).toEqual(['completed', 'failed', 'givenUp', 'cancelled']);
  });

  test('continue under the claims of their workers, and under new claims once those workers are dead', async () => {
    const store = await filled();
    const claim = (state: State): Claim => ({ projectId: 'acme', id: ids[state], attempt: 1 });
    expect(await store.claim('acme', ids.running)).toMatchObject({ kind: 'busy' });
    expect(await store.heartbeat(claim('running'))).toBe('held');
    expect(await store.heartbeat(claim('cancelling'))).toBe('cancelling');
    expect(await store.complete(claim('running'), subject.result(ids.running))).toMatchObject({
      status: 'completed',
    });
    it.pass(15 * LEASE);
    const kinds: Record<string, unknown> = {};
    for (const state of STATES) {
      const claimed = await store.claim('acme', ids[state]);
      kinds[state] =
        claimed.kind === 'claimed'
          ? claimed.work.attempt
          : claimed.kind === 'final'
            ? claimed.status
            : claimed.kind;
    }
    expect(kinds).toEqual({
      pending: 1,
      running: 'completed',
      released: 2,
      cancelling: 'cancelled',
      exhausted: 'exhausted',
      requeued: 2,
      completed: 'completed',
      told: 'completed',
      failed: 'failed',
      givenUp: 'failed',
      cancelled: 'cancelled',
    });
    expect(await store.failAbandoned('acme', ids.exhausted, subject.died)).toMatchObject({
      status: 'failed',
    });
  });

  test('have messages that are read and sent unchanged', () => {
    const body = OLD.messages[`${subject.kind.task}s`] ?? '';
    const ref = { ...PROJECT, id: ids.pending };
    expect(parseJson('The message', subject.kind.message, body)).toEqual(ref);
    expect(bodyOf(messageOf(subject.kind, ref))).toBe(body);
    const ended = { ...PROJECT, id: ids.failed, runId: uuidv7(NIGHT, 'run') };
    expect(bodyOf(subject.kind.outcomeOf(ended))).toBe(OLD.outcomes[name]);
  });
};

describe('old backups', () => suite(ofBackups));
describe('old restores', () => suite(ofRestores));
describe('old verifications', () => suite(ofVerifications));

test('old failed restores and verifications are listed by their day, old backups by theirs', async () => {
  for (const row of OLD.rows) await putRow(it.access, row);
  it.pass(15 * LEASE);
  for (const [name, jobs] of [
    ['restore', makeRestores(it.access)],
    ['verification', makeVerifications(it.access)],
  ] as const) {
    const found: string[] = [];
    for await (const id of jobs.failedSince(iso(NIGHT))) found.push(id);
    expect(found.sort()).toEqual([OLD.ids[name].failed, OLD.ids[name].givenUp].sort());
  }
  expect((await it.history.ofDay('2026-11-21', { limit: 50 })).items).toHaveLength(STATES.length);
  expect((await it.history.list('globex', { limit: 5, status: 'deleted' })).items).toMatchObject([
    { id: OLD.ids.backup.deleted, deletedWhy: 'retention' },
  ]);
});
