import { millis } from '../../core/backup.ts';
import { scheduleLabel } from '../../core/run.ts';
import type { Block, Letter, Tone, Trouble } from './letter.ts';
import { type Ended, needsAttention, type RunReport } from './run-report.ts';
import { counted, durationOf, nameLine, numberOf, oneLine, sizeOf, timeOf } from './wording.ts';

/** Most lines of each list; the mail must stay below 102 kB. */
const COMPLETED_SHOWN = 50;
const FAILED_SHOWN = 30;
const SKIPPED_SHOWN = 30;
const WARNED_SHOWN = 20;
const DETAIL_LENGTH = 500;

const nameOf = ({ projectName, projectId }: Pick<Ended, 'projectName' | 'projectId'>): string => {
  const name = nameLine(projectName, 60);
  const id = nameLine(projectId, 60);
  return name === '' || name === id ? id : `${name} (${id})`;
};

const titleOf = (report: RunReport): { title: string; tone: Tone } => {
  const { run, completed, failed, cancelled, skippedCount, planFailures } = report;
  const label = oneLine(scheduleLabel(run.schedule), 40);
  const planned = completed.length + failed.length + cancelled.length;
  const also = [
    ...(cancelled.length ? [`${numberOf(cancelled.length)} cancelled`] : []),
    ...(skippedCount ? [`${numberOf(skippedCount)} skipped`] : []),
  ];
  const rest = also.length ? `, ${also.join(', ')}` : '';
  if (planFailures.length) {
    const sources = planFailures.map(({ source }) => source).join(', ');
    const lost = failed.length ? `; ${counted(failed.length, 'backup')} failed` : '';
    return { title: `${label}: planning failed for ${nameLine(sources, 60)}${lost}`, tone: 'bad' };
  }
  if (failed.length) {
    const title = `${label}: ${numberOf(failed.length)} of ${counted(planned, 'backup')} failed${rest}`;
    return { title, tone: 'bad' };
  }
  if (planned === 0)
    return { title: `${label}: there was nothing to back up${rest}`, tone: 'mixed' };
  const title = `${label}: ${numberOf(completed.length)} of ${counted(planned, 'backup')} completed${rest}`;
  return { title, tone: needsAttention(report) || cancelled.length ? 'mixed' : 'good' };
};

const factsOf = (report: RunReport): Block => {
  const { run, completed, failed, cancelled, skippedCount } = report;
  const ends = [...completed, ...failed, ...cancelled].flatMap(({ completedAt }) =>
    completedAt ? [completedAt] : [],
  );
  const end = ends.sort().at(-1);
  const bytes = completed.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return {
    kind: 'facts',
    facts: [
      ['Due', timeOf(run.scheduledAt)],
      ...(end
        ? ([
            ['Ended', timeOf(end)],
            ['Took', durationOf(millis(end) - millis(run.scheduledAt))],
          ] as const)
        : []),
      ['Completed', numberOf(completed.length)],
      ['Failed', numberOf(failed.length)],
      ...(cancelled.length ? ([['Cancelled', numberOf(cancelled.length)]] as const) : []),
      ['Skipped', numberOf(skippedCount)],
      ['Stored', sizeOf(bytes)],
    ],
  };
};

const trouble = (heading: string, items: readonly Trouble[], shown: number): Block[] =>
  items.length
    ? [
        { kind: 'heading', text: heading },
        {
          kind: 'trouble',
          items: items.slice(0, shown),
          more: Math.max(0, items.length - shown),
        },
      ]
    : [];

const failedOf = ({ failed }: RunReport): Block[] =>
  trouble(
    'Failed',
    failed.map((backup) => ({
      title: nameOf(backup),
      detail: oneLine(backup.error?.message ?? 'No reason was recorded.', DETAIL_LENGTH),
      note: `${backup.error?.name ?? 'Unknown'}, ${counted(backup.attempt, 'attempt')}, backup ${backup.id}`,
    })),
    FAILED_SHOWN,
  );

const planFailuresOf = ({ planFailures }: RunReport): Block[] =>
  trouble(
    'Planning failed: no backup was requested of',
    planFailures.map(({ source, message }) => ({
      title: `Source ${nameLine(source, 60)}`,
      detail: oneLine(message, DETAIL_LENGTH),
    })),
    FAILED_SHOWN,
  );

const skippedOf = ({ skipped, skippedCount }: RunReport): Block[] =>
  skippedCount
    ? [
        { kind: 'heading', text: 'Skipped' },
        {
          kind: 'table',
          columns: [{ title: 'Project', width: '30%' }, { title: 'Why' }],
          rows: skipped
            .slice(0, SKIPPED_SHOWN)
            .map(({ projectId, why }) => [
              nameLine(projectId, 60) || '(empty)',
              oneLine(why, DETAIL_LENGTH),
            ]),
          more: skippedCount - Math.min(skipped.length, SKIPPED_SHOWN),
        },
      ]
    : [];

const warningsOf = ({ completed }: RunReport): Block[] => {
  const anomaliesFirst = completed.toSorted(
    (one, other) => (other.anomalyCount ?? 0) - (one.anomalyCount ?? 0),
  );
  const warned = anomaliesFirst.flatMap((backup) =>
    (backup.warnings ?? []).map((warning) => [nameOf(backup), oneLine(warning, DETAIL_LENGTH)]),
  );
  return warned.length
    ? [
        { kind: 'heading', text: 'Warnings' },
        {
          kind: 'table',
          columns: [{ title: 'Project', width: '30%' }, { title: 'Warning' }],
          rows: warned.slice(0, WARNED_SHOWN),
          more: Math.max(0, warned.length - WARNED_SHOWN),
        },
      ]
    : [];
};

const completedOf = ({ completed }: RunReport): Block[] => {
  if (!completed.length) return [];
  const bySize = completed.toSorted((one, other) => (other.size ?? 0) - (one.size ?? 0));
  return [
    { kind: 'heading', text: 'Completed' },
    {
      kind: 'table',
      columns: [
        { title: 'Project' },
        { title: 'Size', align: 'right' },
        { title: 'Rows', align: 'right' },
        { title: 'Took', align: 'right' },
      ],
      rows: bySize
        .slice(0, COMPLETED_SHOWN)
        .map((backup) => [
          nameOf(backup),
          sizeOf(backup.size ?? 0),
          numberOf(backup.rowCount ?? 0),
          durationOf(backup.durationMs ?? 0),
        ]),
      more: Math.max(0, completed.length - COMPLETED_SHOWN),
    },
  ];
};

/** The one mail of a run: what needs a person first, then what went well. */
export const runLetter = (environment: string, report: RunReport): Letter => {
  const { title, tone } = titleOf(report);
  return {
    subject: `[Larder ${environment}] ${title}`,
    tone,
    title,
    blocks: [
      factsOf(report),
      ...planFailuresOf(report),
      ...failedOf(report),
      ...skippedOf(report),
      ...warningsOf(report),
      ...completedOf(report),
    ],
    footer: [
      `Run ${report.run.id} in ${environment}, all times UTC.`,
      `API: GET /runs/${report.run.id} has its counts, GET /projects/{projectId}/backups/latest each project's backup.`,
    ],
  };
};

/** For a run whose planning failed, if nothing else is known about it. */
export const planFailedLetter = (
  environment: string,
  failure: { readonly runId: string; readonly source: string; readonly error: { message: string } },
): Letter => {
  const source = nameLine(failure.source, 60);
  const title = `Planning failed for ${source}`;
  return {
    subject: `[Larder ${environment}] ${title}`,
    tone: 'bad',
    title,
    blocks: [
      { kind: 'text', text: 'No backup of this source was requested by this run.' },
      {
        kind: 'trouble',
        items: [
          { title: `Source ${source}`, detail: oneLine(failure.error.message, DETAIL_LENGTH) },
        ],
        more: 0,
      },
    ],
    footer: [`Run ${failure.runId} in ${environment}.`],
  };
};
