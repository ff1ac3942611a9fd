import type { History } from '../../core/history-ports.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { Clock } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type { RefreshPorts } from '../../core/refresh-registry.ts';
import type { RetentionSettings } from '../../core/retention/policy.ts';
import type { RunPart } from '../../core/run.ts';
import type { Runs } from '../../core/run-ports.ts';
import type { ExportSettings } from '../../core/settings.ts';

export interface PlanPorts extends RefreshPorts {
  readonly history: History;
  readonly runs: Runs;
  readonly queue: WorkQueue;
  readonly outcomes: Outcomes;
  readonly clock: Clock;
}

export interface PlanSettings {
  readonly environment: string;
  readonly exportDefaults: ExportSettings;
  readonly retention: RetentionSettings;
  /** Number of backups in a chunk of the run's list. */
  readonly chunkSize?: number;
}

export interface PlanOutcome {
  readonly runId: string;
  readonly part: Pick<RunPart, 'planned' | 'skippedCount' | 'error'>;
}
