import type { Command } from 'commander';
import { dataOf } from '../api-client.ts';
import { acting, positiveInteger, type Running, type Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { components } from '../openapi.gen.ts';
import { factsText, tableText } from '../output.ts';
import { agoText, bytesText, countText, orDash, timeText } from '../words.ts';

/** Figures about backups as people read them. */
type Statistics = components['schemas']['Statistics'];
type ProjectStatistics = components['schemas']['ProjectStatistics'];
type Figures = Pick<
  Statistics,
  Exclude<Extract<keyof Statistics, keyof ProjectStatistics>, 'stored'>
> & {
  readonly stored?: { readonly bytes: number; readonly monthlyCost: { readonly amount: number } };
};

const percentText = (share: number): string => `${(share * 100).toFixed(1)} %`;
const costText = (amount: number): string => `about ${amount.toFixed(2)} USD a month`;

const figuresText = (one: Figures, now: number): [string, string | undefined][] => {
  const { backups, window, successRate, verifiedShare, meanBytesPerSecond, lastSuccess } = one;
  return [
    ['days', `${window.from} to ${window.to}`],
    ['completed', countText(backups.completed)],
    ['failed', countText(backups.failed)],
    ['waiting or running', countText(backups.open)],
    ['success rate', successRate === undefined ? undefined : percentText(successRate)],
    ['verified', verifiedShare === undefined ? undefined : percentText(verifiedShare)],
    ['new bytes', bytesText(one.bytes)],
    [
      'mean throughput',
      meanBytesPerSecond === undefined ? undefined : `${bytesText(meanBytesPerSecond)}/s`,
    ],
    [
      'last success',
      lastSuccess &&
        `${lastSuccess.projectId}, ${agoText(lastSuccess.at, now)} (${timeText(lastSuccess.at)})`,
    ],
    [
      'stored',
      one.stored && `${bytesText(one.stored.bytes)}, ${costText(one.stored.monthlyCost.amount)}`,
    ],
  ];
};

const daysText = ({ byDay }: Figures): string =>
  tableText(
    [
      { title: 'day' },
      { title: 'completed', isNumber: true },
      { title: 'failed', isNumber: true },
      { title: 'bytes', isNumber: true },
    ],
    byDay.map(({ day, completed, failed, bytes }) => [
      day,
      countText(completed),
      countText(failed),
      bytesText(bytes),
    ]),
  );

const textOf = (
  one: Figures & { readonly complete: boolean },
  more: readonly (readonly [string, string | undefined])[],
): string =>
  [
    factsText([...figuresText(one, Date.now()), ...more]),
    ...(one.complete
      ? []
      : ['', 'There was too much to read in one request: these are too small.']),
    '',
    daysText(one),
  ].join('\n');

const ofAll = async ({ api, output }: Session, days: string | undefined): Promise<void> => {
  const query = days === undefined ? {} : { days };
  const all = dataOf(await api.calls.GET('/stats', { params: { query } }));
  if (output.isJson) return output.json(all);
  const { active, withoutBackup, withoutVerified } = all.projects;
  output.result(
    textOf(all, [
      ['active projects', countText(active)],
      ['without a backup', countText(withoutBackup)],
      ['without a verified one', countText(withoutVerified)],
    ]),
  );
};

const ofProject = async (
  { api, output }: Session,
  projectId: string,
  days: string | undefined,
): Promise<void> => {
  const params = { path: { projectId }, query: days === undefined ? {} : { days } };
  const one = dataOf(await api.calls.GET('/projects/{projectId}/stats', { params }));
  if (output.isJson) return output.json(one);
  output.result(textOf(one, [['stored backups', orDash(one.stored.backups, countText)]]));
};

interface StatsOptions {
  readonly days?: number;
}

const show = async (
  session: Session,
  { days }: StatsOptions,
  [projectId]: readonly string[],
): Promise<ExitStatus> => {
  const text = days === undefined ? undefined : String(days);
  await (projectId === undefined ? ofAll(session, text) : ofProject(session, projectId, text));
  return EXIT.done;
};

/** Adds `stats`. */
export const addStatsCommand = (program: Command, running: Running): void => {
  program
    .command('stats')
    .description('number and bytes of backups, success rate, growth by day, cost')
    .argument('[project]', 'id of a project; all projects without one')
    .option('--days <count>', 'UTC days up to today, 31 at most', positiveInteger)
    .action(acting<StatsOptions>(running, show));
};
