import { makeHistory } from '../../../adapters/dynamodb/history.ts';
import { makeRegistry } from '../../../adapters/dynamodb/registry.ts';
import { makeRuns } from '../../../adapters/dynamodb/runs.ts';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import { makeExportQueue } from '../../../adapters/sqs/work-queue.ts';
import type { PlanEvent } from '../../../core/messages.ts';
import type { Log } from '../../../core/ports.ts';
import type { Project } from '../../../core/project.ts';
import { classDays } from '../../../core/retention/policy.ts';
import { exportSettings } from '../../../core/settings.ts';
import type { ProjectSource } from '../../../core/source-ports.ts';
import type { PlanPorts, PlanSettings } from '../../../functions/plan/ports.ts';
import type { Queues } from '../../support/queues.ts';
import type { Tables } from '../../support/tables.ts';

export const NOW = Date.parse('2026-11-21T02:00:07.000Z');

export const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

export const settings: PlanSettings = {
  environment: 'test',
  exportDefaults: exportSettings.parse({}),
  retention: classDays.parse({ daily: 30, weekly: 60 }),
};

export const project = (id: string, changes: Partial<Project> = {}): Project => ({
  id,
  name: `Project ${id}`,
  schemaName: id,
  status: 'ACTIVE',
  ...changes,
});

/** A source whose listing is a list; the project query is tested with its adapter. */
export const sourceOf = (
  name: string,
  listing: () => readonly Project[],
  prefix = '',
): ProjectSource => ({
  name,
  covers: (projectId) => projectId.startsWith(prefix),
  listProjects: async () => listing(),
  findProject: async (projectId) => listing().find(({ id }) => id === projectId),
});

export const eventFor = (sources: string[], changes: Partial<PlanEvent> = {}): PlanEvent => ({
  schedule: 'nightly',
  scheduledAt: '2026-11-21T02:00:00Z',
  sources,
  retentionClass: 'daily',
  ...changes,
});

/** Ports on the emulators: a table, and a source with queues of its own. */
export const planPorts = (
  { tables, queues, table }: { tables: Tables; queues: Queues; table: string },
  source: ProjectSource,
): PlanPorts => {
  const access = { table, client: tables.client, clock: () => NOW };
  return {
    source,
    registry: makeRegistry(access),
    history: makeHistory(access),
    runs: makeRuns(access),
    queue: makeExportQueue({
      url: queues.newQueue(`${source.name}.fifo`),
      client: queues.client,
    }),
    outcomes: makeOutcomes({
      url: queues.newQueue(`${source.name}-outcomes`),
      client: queues.client,
    }),
    clock: () => NOW,
    log: silent,
  };
};
