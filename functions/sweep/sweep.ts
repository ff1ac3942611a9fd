import { failureFacts } from '../../core/errors/base.ts';
import { sweepErasures } from './erasures.ts';
import { sweepAll, sweepPending, sweepRunning, sweepUnnotified, sweptOf } from './leased-work.ts';
import { sweepRuns } from './runs.ts';
import { sweepSchedules } from './schedules.ts';
import type { Counts, Step, SweepPorts } from './step.ts';
import { sweepUploads, sweepVault } from './vault.ts';

/** The most urgent first. Each gets an equal share of the time that the earlier ones have left. */
const STEPS: readonly (readonly [string, (ports: SweepPorts, step: Step) => Promise<void>])[] = [
  ['running', (ports, step) => sweepRunning(ports, sweptOf(ports).backups, step)],
  ['pending', (ports, step) => sweepPending(ports, sweptOf(ports).backups, step)],
  ['unnotified', (ports, step) => sweepUnnotified(ports, sweptOf(ports).backups, step)],
  ['restores', (ports, step) => sweepAll(ports, sweptOf(ports).restores, step)],
  ['verifications', (ports, step) => sweepAll(ports, sweptOf(ports).verifications, step)],
  ['erasures', sweepErasures],
  ['runs', sweepRuns],
  ['schedules', sweepSchedules],
  ['uploads', sweepUploads],
  ['vault', sweepVault],
];

/** For running work when the time is up, and for the report. */
const RESERVE_MS = 10_000;
/** So many failures of one step have one cause; the step continues in the next sweep. */
const FAILURES_OF_A_STEP = 20;

export interface SweepReport {
  readonly counts: Counts;
  /** By step; empty if everything succeeded. */
  readonly failures: readonly { readonly step: string; readonly error: unknown }[];
}

/**
 * Repairs what stopped halfway: requests whose worker or message is lost, outcomes that were not notified, runs that stopped,
 * uploads and objects that attempts left behind. Every action may be repeated, also by two sweeps at the same time.
 * A failing step does not stop the others; the caller fails the invocation if there are `failures`, so
 * that the alarm sees it.
 *
 * @param remainingMs milliseconds until Lambda stops the function
 */
export const sweep = async (ports: SweepPorts, remainingMs: () => number): Promise<SweepReport> => {
  const counts: Counts = {};
  const failures: { step: string; error: unknown }[] = [];
  for (const [index, [name, work]] of STEPS.entries()) {
    const left = remainingMs() - RESERVE_MS;
    const until = remainingMs() - left / (STEPS.length - index);
    let failed = 0;
    const fail = (error: unknown) => {
      failures.push({ step: name, error });
      ports.log.error('a part of the sweep failed', {
        step: name,
        ...failureFacts(error),
      });
    };
    const step: Step = {
      now: ports.clock(),
      hasTime: () => remainingMs() > until && failed < FAILURES_OF_A_STEP,
      count: (what) => {
        counts[what] = (counts[what] ?? 0) + 1;
      },
      attempt: async (piece) => {
        if (failed >= FAILURES_OF_A_STEP) return;
        try {
          await piece();
        } catch (error) {
          failed += 1;
          fail(error);
        }
      },
    };
    try {
      await work(ports, step);
    } catch (error) {
      fail(error);
    }
  }
  return { counts, failures };
};
