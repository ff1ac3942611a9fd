import { DeleteTableCommand, waitUntilTableNotExists } from '@aws-sdk/client-dynamodb';
import { ENV } from '../../core/contract.ts';
import type { WorkerResult } from '../contenders/worker.ts';
import { DATABASE } from '../data.ts';
import { type Measured, measure } from '../measure.ts';
import { median, seconds, spread, table, times } from '../numbers.ts';
import type { Section } from '../section.ts';
import { SOURCE, type Stage } from '../stage.ts';
import { atMost } from '../targets.ts';

const PROJECTS = 10_000;
const WANTED_SECONDS = 60;
const WANTED_BYTES = 300e6;

interface PlanRun extends Measured {
  /** Time of the handler alone. */
  readonly handlerSeconds: number;
}

export interface Plan {
  /** Each with its own history and queue, without the warm-up. */
  readonly runs: readonly PlanRun[];
}

const PROJECT_QUERY = `SELECT 'project-' || n AS id, 'Project ' || n AS name, 'project-' || n AS schema_name, 'ACTIVE' AS status FROM generate_series(1, ${PROJECTS}) n`;

const EVENT = {
  schedule: 'nightly',
  scheduledAt: '2026-11-21T02:00:00Z',
  sources: [SOURCE],
  retentionClass: 'daily',
};

const planOnce = async (stage: Stage, bundle: string, name: string): Promise<PlanRun> => {
  const queue = stage.queues.newQueue(name);
  const history = await stage.tables.newTable();
  const { result, ...measured } = await measure<WorkerResult>({
    script: stage.contenders.worker,
    flags: stage.nodeFlagsOf('plan'),
    task: { bundle, events: [EVENT] },
    environment: stage.environment('plan', {
      [ENV.historyTable]: history,
      [ENV.exportsQueue]: queue,
      [ENV.source]: stage.sourceOf(DATABASE, { projectQuery: PROJECT_QUERY }),
    }),
  });
  // The emulators are in this process: data left from one round would slow down the next.
  stage.queues.dropQueue(name);
  const { client } = stage.tables;
  await client.send(new DeleteTableCommand({ TableName: history }));
  await waitUntilTableNotExists(
    { client, maxWaitTime: 120, minDelay: 1, maxDelay: 1 },
    { TableName: history },
  );
  const answer = JSON.stringify(result.answers[0]);
  if (!answer.includes(`"planned":${PROJECTS}`)) throw new Error(`plan answered ${answer}`);
  return { ...measured, handlerSeconds: result.seconds[0] ?? Number.NaN };
};

export const plan: Section<Plan> = {
  name: 'plan',
  form: 2,
  measure: async ({ stage: opened, options, say }) => {
    const stage = await opened();
    const bundle = stage.bundleOf('plan');
    const runs: PlanRun[] = [];
    for (let round = 0; round <= options.rounds; round += 1) {
      const run = await planOnce(stage, bundle, `plan-${round}.fifo`);
      say(`plan, round ${round}: ${seconds(run.handlerSeconds)}`);
      // The first one is a warm-up.
      if (round > 0) runs.push(run);
    }
    return { runs };
  },
  targets: ({ runs }) => [
    atMost(
      'time of `plan` for 10,000 projects',
      WANTED_SECONDS,
      median(runs.map((one) => one.handlerSeconds)),
      seconds,
    ),
    atMost(
      'its peak memory, the most',
      WANTED_BYTES,
      Math.max(...runs.map((one) => one.peakMemory)),
      megabytes,
    ),
  ],
  lines: ({ runs }) => [
    '## Planning 10,000 projects',
    '',
    `The deployed \`plan\` function, whose rows and messages go to emulators on the same machine: one process in memory each, and slower than the services they stand for. ${times(runs.length)} after a warm-up, each with an empty history: median, with the least and the most.`,
    '',
    ...table(
      ['', 'time', 'CPU', 'peak memory'],
      [
        [
          '`plan`',
          spread(
            runs.map((one) => one.handlerSeconds),
            seconds,
          ),
          spread(
            runs.map((one) => one.cpuSeconds),
            seconds,
          ),
          spread(
            runs.map((one) => one.peakMemory),
            megabytes,
          ),
        ],
      ],
    ),
  ],
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
