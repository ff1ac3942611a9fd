import { ENV } from '../../../core/contract.ts';
import type { WorkerResult } from '../contenders/worker.ts';
import { DATABASE } from '../data.ts';
import { type Measured, measure } from '../measure.ts';
import { seconds } from '../numbers.ts';
import type { Section } from '../section.ts';
import { SOURCE } from '../stage.ts';
import { atMost } from '../targets.ts';

const PROJECTS = 10_000;
const WANTED_SECONDS = 60;
const WANTED_BYTES = 300e6;

export interface Plan {
  readonly measured: Measured;
  /** Of the handler alone. */
  readonly seconds: number;
}

export const plan: Section<Plan> = {
  name: 'plan',
  measure: async ({ stage: opened, say }) => {
    const stage = await opened();
    const table = await stage.tables.newTable();
    const queue = stage.queues.newQueue('plan.fifo');
    const projectQuery = `SELECT 'project-' || n AS id, 'Project ' || n AS name, 'project-' || n AS schema_name, 'ACTIVE' AS status FROM generate_series(1, ${PROJECTS}) n`;
    const event = {
      schedule: 'nightly',
      scheduledAt: '2026-11-21T02:00:00Z',
      sources: [SOURCE],
      retentionClass: 'daily',
    };
    const { result, ...measured } = await measure<WorkerResult>({
      script: stage.contenders.worker,
      flags: stage.nodeFlagsOf('plan'),
      task: { bundle: stage.bundleOf('plan'), events: [event] },
      environment: stage.environment('plan', {
        [ENV.historyTable]: table,
        [ENV.exportsQueue]: queue,
        [ENV.source]: stage.sourceOf(DATABASE, { projectQuery }),
      }),
    });
    const answer = JSON.stringify(result.answers[0]);
    if (!answer.includes(`"planned":${PROJECTS}`)) throw new Error(`plan answered ${answer}`);
    say(`plan: ${seconds(measured.seconds)}`);
    return { measured, seconds: result.seconds[0] ?? Number.NaN };
  },
  targets: ({ measured, seconds: took }) => [
    atMost('time of `plan` for 10,000 projects', WANTED_SECONDS, took, seconds),
    atMost(
      'its peak memory',
      WANTED_BYTES,
      measured.peakMemory,
      (bytes) => `${(bytes / 1e6).toFixed(0)} MB`,
    ),
  ],
  lines: ({ measured }) => [
    '## Planning 10,000 projects',
    '',
    'The deployed `plan` function, whose rows and messages go to emulators on the same machine: one process in memory each, and slower than the services they stand for.',
    '',
    `It took ${seconds(measured.cpuSeconds)} of CPU.`,
    '',
  ],
};
