import type { Command } from 'commander';
import * as z from 'zod';
import { acting, type Running, type Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { tableText } from '../output.ts';
import * as shown from '../shown.ts';
import { agoText, bytesText, countText, orDash } from '../words.ts';

const counted = z.looseObject({ count: z.number(), more: z.boolean() });
const jobs = z.looseObject({ running: counted, waiting: counted, failed: counted });
const status = z.looseObject({
  environment: z.string(),
  running: z.array(shown.backup),
  waiting: counted,
  restores: jobs,
  verifications: jobs,
  recent: z.array(shown.backup),
  runs: z.array(shown.run),
});
type Status = z.output<typeof status>;

const numberText = ({ count, more }: z.output<typeof counted>): string =>
  `${countText(count)}${more ? '+' : ''}`;

const nowText = ({ running, waiting, restores, verifications }: Status): string =>
  tableText(
    [
      { title: 'now' },
      { title: 'running', isNumber: true },
      { title: 'waiting', isNumber: true },
      { title: 'failed in 24 h', isNumber: true },
    ],
    [
      ['backups', countText(running.length), numberText(waiting), '-'],
      ['restores', ...[restores.running, restores.waiting, restores.failed].map(numberText)],
      [
        'verifications',
        ...[verifications.running, verifications.waiting, verifications.failed].map(numberText),
      ],
    ],
  );

const recentText = ({ recent }: Status, now: number): string =>
  tableText(
    [
      { title: 'recent backups' },
      { title: 'created' },
      { title: 'status' },
      { title: 'verified' },
      { title: 'size', isNumber: true },
    ],
    recent.map((one) => [
      one.projectId,
      agoText(one.createdAt, now),
      one.status,
      one.validation === 'unverified' ? '-' : one.validation,
      orDash(one.size, bytesText),
    ]),
  );

const runsText = ({ runs }: Status, now: number): string =>
  tableText(
    [{ title: 'runs' }, { title: 'schedule' }, { title: 'time' }, { title: 'state' }],
    runs.map((run) => [
      run.id,
      run.schedule,
      agoText(run.scheduledAt, now),
      run.finishedAt ? 'finished' : 'running',
    ]),
  );

const show = async ({ api, output }: Session): Promise<ExitStatus> => {
  const found = await api.json({ method: 'GET', path: '/status' }, status);
  const now = Date.now();
  if (output.isJson) output.json(found);
  else
    output.result(
      [
        nowText(found),
        ...(found.recent.length ? ['', recentText(found, now)] : []),
        ...(found.runs.length ? ['', runsText(found, now)] : []),
      ].join('\n'),
    );
  return EXIT.done;
};

/** Adds `status`. */
export const addStatusCommand = (program: Command, running: Running): void => {
  program
    .command('status')
    .description('pending and running work, recent backups and runs')
    .action(acting(running, show));
};
