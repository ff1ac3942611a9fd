import { iso } from '../../core/backup.ts';
import type { Job } from '../../core/job.ts';
import type { Jobs } from '../../core/job-ports.ts';
import { allEnded } from '../../core/parallel.ts';
import {
  type Aged,
  type BackupSummary,
  lastDays,
  makeProjectFigures,
} from '../../core/statistics.ts';
import type { Answer } from './http.ts';
import { type Family, OPEN_METRICS_TYPE, openMetricsText, type Sample } from './open-metrics.ts';
import type { Api } from './ports.ts';

/**
 * GET /metrics. One scrape reads the summaries of two days, the registry and the index of open work: with 10,000 projects about
 * 30,000 entries of the indexes, 12 MB, some 1,500 read units.
 */
const SUMMARIES_AT_MOST = 100_000;
const COUNTED_AT_MOST = 20_000;
/** Failed backups whose rows are read for the name of their error. */
const FAILURES_READ = 500;
const ERRORS_SHOWN = 40;
/** Projects with the oldest backups. A label of each of 10,000 projects would be more than a monitoring system should store. */
const WORST_SHOWN = 20;
const DAY_MS = 86_400_000;
const OLDER_THAN_DAYS = [1, 2, 7, 30] as const;

const gauge = (
  name: string,
  help: string,
  samples: readonly Sample[],
  unit?: Family['unit'],
): Family => ({ name, help, samples, ...(unit && { unit }) });

const counted = async (items: AsyncIterable<unknown>): Promise<number> => {
  let count = 0;
  for await (const _ of items) {
    count += 1;
    if (count === COUNTED_AT_MOST) break;
  }
  return count;
};

const ENDS = ['completed', 'failed', 'cancelled'] as const;

/** Backups that were created in the last 24 hours and have ended. */
const lastDay = async ({ ports }: Api): Promise<readonly BackupSummary[]> => {
  const now = ports.clock();
  const since = iso(now - DAY_MS);
  const days = await allEnded(
    lastDays(now, 2).map(async (day) => {
      const found: BackupSummary[] = [];
      for await (const one of ports.history.summaries(day, SUMMARIES_AT_MOST))
        if (one.createdAt > since) found.push(one);
      return found;
    }),
  );
  return days.flat();
};

const byStatus = (summaries: readonly BackupSummary[]): Family[] => {
  const of = (status: string) => summaries.filter((one) => one.status === status);
  const bytes = of('completed').reduce((sum, { size = 0 }) => sum + size, 0);
  return [
    gauge(
      'larder_backups_ended',
      'Backups created in the last 24 hours that have ended, by status.',
      ENDS.map((status) => ({ labels: { status }, value: of(status).length })),
    ),
    gauge(
      'larder_backups_stored_bytes',
      'Bytes of the backups that were created in the last 24 hours and completed.',
      [{ value: bytes }],
      'bytes',
    ),
  ];
};

/** Errors of failed backups, the most frequent first; the rest is one label. */
const failures = async ({ ports }: Api, summaries: readonly BackupSummary[]): Promise<Family> => {
  const failed = summaries.filter(({ status }) => status === 'failed').slice(0, FAILURES_READ);
  const counts = new Map<string, number>();
  for (const { error } of await ports.history.read(failed)) {
    const name = error?.name ?? 'Unknown';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, one], [, other]) => other - one);
  const rest = sorted.slice(ERRORS_SHOWN).reduce((sum, [, count]) => sum + count, 0);
  return gauge(
    'larder_backups_failed',
    `Backups created in the last 24 hours that failed, by error; of the first ${FAILURES_READ}.`,
    [...sorted.slice(0, ERRORS_SHOWN), ...(rest ? [['other', rest] as const] : [])].map(
      ([error, value]) => ({ labels: { error }, value }),
    ),
  );
};

const queues = async ({ ports }: Api): Promise<Family[]> => {
  const since = iso(ports.clock() - DAY_MS);
  const kinds: readonly (readonly [string, Pick<Jobs<Job>, 'open'>])[] = [
    ['backup', ports.history],
    ['restore', ports.restores],
    ['verification', ports.verifications],
  ];
  const of = (state: 'pending' | 'in-progress') =>
    allEnded(
      kinds.map(async ([kind, store]) => ({
        labels: { kind },
        value: await counted(store.open(state)),
      })),
    );
  const [waiting, running, restores, verifications] = await allEnded([
    of('pending'),
    of('in-progress'),
    counted(ports.restores.failedSince(since)),
    counted(ports.verifications.failedSince(since)),
  ]);
  return [
    gauge('larder_queue_waiting', 'Requests that wait for a worker, by kind.', waiting),
    gauge('larder_queue_running', 'Requests that a worker has claimed, by kind.', running),
    gauge(
      'larder_jobs_failed',
      'Restores and verifications that ended badly in the last 24 hours.',
      [
        { labels: { kind: 'restore' }, value: restores },
        { labels: { kind: 'verification' }, value: verifications },
      ],
    ),
  ];
};

const seconds = (ms: number): number => Math.round(ms / 1000);

const ages = (which: 'good' | 'verified', aged: readonly Aged[]): Family[] => [
  gauge(
    `larder_newest_${which}_backup_age_seconds`,
    `Age of the newest ${which} backup of the ${WORST_SHOWN} active projects for which it is the oldest.`,
    aged.slice(0, WORST_SHOWN).map(({ projectId, source, age }) => ({
      labels: { project: projectId, source },
      value: seconds(age),
    })),
    'seconds',
  ),
  gauge(
    `larder_projects_newest_${which}_older`,
    `Active projects whose newest ${which} backup is older than so many days.`,
    OLDER_THAN_DAYS.map((days) => ({
      labels: { days: String(days) },
      value: aged.filter(({ age }) => age > days * DAY_MS).length,
    })),
  ),
];

const projects = async ({ ports }: Api): Promise<Family[]> => {
  const sum = makeProjectFigures(ports.clock());
  for await (const project of ports.registry.all()) sum.add(project);
  const { active, inactive, gone, withoutBackup, withoutVerified } = sum.counts();
  const { good, verified } = sum.ages();
  return [
    gauge(
      'larder_projects',
      'Projects of the registry, by state.',
      Object.entries({ active, inactive, gone }).map(([state, value]) => ({
        labels: { state },
        value,
      })),
    ),
    gauge('larder_projects_without_good_backup', 'Active projects without a good backup.', [
      { value: withoutBackup },
    ]),
    gauge('larder_projects_without_verified_backup', 'Active projects without a verified backup.', [
      { value: withoutVerified },
    ]),
    ...ages('good', good),
    ...ages('verified', verified),
  ];
};

const vault = async ({ ports }: Api): Promise<Family[]> => {
  const measured = (await ports.rounds.last())?.measured;
  if (!measured) return [];
  const age = seconds(ports.clock() - Date.parse(measured.at));
  return [
    gauge(
      'larder_vault_bytes',
      'Bytes in the vault, as sweep counted them.',
      [{ value: measured.bytes }],
      'bytes',
    ),
    gauge('larder_vault_objects', 'Objects in the vault, manifests included.', [
      { value: measured.objects },
    ]),
    gauge(
      'larder_vault_count_age_seconds',
      'Time since the vault was counted.',
      [{ value: age }],
      'seconds',
    ),
  ];
};

export const getMetrics = async (api: Api): Promise<Answer> => {
  const [summaries, waiting, ofProjects, ofVault] = await allEnded([
    lastDay(api),
    queues(api),
    projects(api),
    vault(api),
  ]);
  const families = [
    ...byStatus(summaries),
    await failures(api, summaries),
    ...waiting,
    ...ofProjects,
    ...ofVault,
  ];
  return {
    status: 200,
    text: openMetricsText(families),
    headers: { 'content-type': OPEN_METRICS_TYPE },
  };
};
