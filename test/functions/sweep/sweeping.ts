import { expect } from 'vitest';
import { makeErasures } from '../../../adapters/dynamodb/erasures.ts';
import { makeFirings } from '../../../adapters/dynamodb/firings.ts';
import { makeVaultRounds } from '../../../adapters/dynamodb/vault-rounds.ts';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import {
  makeExportQueue,
  makeRestoreQueue,
  makeVerificationQueue,
} from '../../../adapters/sqs/work-queue.ts';
import { iso } from '../../../core/backup.ts';
import { runIdOf } from '../../../core/ids.ts';
import type {
  ExportMessage,
  OutcomeMessage,
  PlanEvent,
  RestoreMessage,
  VerificationMessage,
} from '../../../core/messages.ts';
import type { Run } from '../../../core/run.ts';
import type { SweepPorts } from '../../../functions/sweep/step.ts';
import { type SweepReport, sweep } from '../../../functions/sweep/sweep.ts';
import { newHistory, silent } from '../../support/backups.ts';
import { jobRows } from '../../support/jobs.ts';
import type { Queues } from '../../support/queues.ts';
import type { Tables } from '../../support/tables.ts';
import type { Vaults } from '../../support/vaults.ts';

export const TEMPLATE = 'backups/{projectId}/{createdAt}-{backupId}-{attempt}';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

let made = 0;

/**
 * A system for sweep to repair: history, queue and vault of its own on the emulators, at a time two days ahead of the
 * machine's, so that what is stored now is old.
 */
export const newSystem = async (tables: Tables, queues: Queues, vaults: Vaults) => {
  made += 1;
  const begin = Math.floor(Date.now() / MINUTE) * MINUTE + 2 * DAY;
  const it = await newHistory(tables, begin);
  const vault = await vaults.newVault();
  const names = {
    exports: `sweep-${made}.fifo`,
    outcomes: `sweep-outcomes-${made}`,
    restores: `sweep-restores-${made}.fifo`,
    verifications: `sweep-verifications-${made}.fifo`,
  };
  const queue = makeExportQueue({ url: queues.newQueue(names.exports), client: queues.client });
  const outcomesUrl = queues.newQueue(names.outcomes);
  const { client } = queues;
  const jobs = jobRows(it.access);
  const restoreQueue = makeRestoreQueue({ url: queues.newQueue(names.restores), client });
  const verificationQueue = makeVerificationQueue({
    url: queues.newQueue(names.verifications),
    client,
  });
  const plans: { readonly source: string; readonly event: PlanEvent }[] = [];
  const erasing: string[] = [];
  const ports: SweepPorts = {
    history: it.history,
    runs: it.runs,
    schedules: [],
    firings: makeFirings(it.access),
    rounds: makeVaultRounds(it.access),
    vault,
    outcomes: makeOutcomes({ url: outcomesUrl, client: queues.client }),
    functions: {
      startPlan: async (source, event) => {
        plans.push({ source, event });
      },
    },
    queues: new Map([['main', queue]]),
    ...jobs,
    erasures: makeErasures(it.access),
    eraser: {
      start: async (projectId) => {
        erasing.push(projectId);
      },
    },
    restoreQueues: new Map([['main', restoreQueue]]),
    verificationQueue,
    keyTemplate: TEMPLATE,
    clock: it.access.clock,
    log: silent,
  };
  const now = (): string => iso(it.access.clock());
  const sweepWith = (altered: Partial<SweepPorts> = {}, remainingMs = () => 300_000) =>
    sweep({ ...ports, ...altered }, remainingMs);
  return {
    ...it,
    ports,
    /** Projects whose erasing was started. */
    erasing,
    plans,
    queue,
    vault,
    now,
    ...jobs,
    restoreRequests: () => queues.bodies(names.restores) as readonly RestoreMessage[],
    verificationRequests: () =>
      queues.bodies(names.verifications) as readonly VerificationMessage[],
    requests: () => queues.bodies(names.exports) as readonly ExportMessage[],
    told: () => queues.bodies(names.outcomes) as readonly OutcomeMessage[],
    /** A waiting backup, requested now. */
    requested: (changes: Parameters<typeof it.pending>[0] = {}) =>
      it.pending({ createdAt: now(), queuedAt: now(), ...changes }),
    begun: async (changes: Partial<Run> = {}): Promise<Run> => {
      const run: Run = {
        id: runIdOf('nightly', now()),
        schedule: 'nightly',
        scheduledAt: now(),
        createdAt: now(),
        sources: ['main'],
        retentionClass: 'daily',
        parts: {},
        ...changes,
      };
      await it.runs.begin(run);
      return run;
    },
    sweep: sweepWith,
    /** What one sweep counted; no part of it may have failed. */
    mended: async (altered: Partial<SweepPorts> = {}): Promise<SweepReport['counts']> => {
      const { counts, failures } = await sweepWith(altered);
      expect(failures).toEqual([]);
      return counts;
    },
  };
};
export type System = Awaited<ReturnType<typeof newSystem>>;
