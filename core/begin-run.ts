import { allEnded } from './parallel.ts';
import type { Clock, Log } from './ports.ts';
import { missingParts, planEventOf, type Run } from './run.ts';
import type { Runs } from './run-ports.ts';
import type { SourceFunctions } from './source-ports.ts';

export interface BeginPorts {
  readonly runs: Pick<Runs, 'begin'>;
  readonly functions: Pick<SourceFunctions, 'startPlan'>;
  readonly clock: Clock;
  readonly log: Log;
}

const startPlan = async (
  { functions, log }: BeginPorts,
  source: string,
  run: Run,
): Promise<void> => {
  try {
    await functions.startPlan(source, planEventOf(run));
  } catch (error) {
    log.error('planning could not be started; sweep starts it', {
      runId: run.id,
      source,
      error,
    });
  }
};

/**
 * Begins a run: writes its row, then starts the planning of each source that has not planned yet. If starting fails, the run has
 * begun nevertheless, because sweep starts the missing parts of a run. May be repeated: the same run is begun and planned once.
 * @throws errors of AWS if the row could not be written
 */
export const beginRun = async (ports: BeginPorts, wanted: Run): Promise<Run> => {
  const { run } = await ports.runs.begin(wanted);
  await allEnded(missingParts(run).map((source) => startPlan(ports, source, run)));
  return run;
};
