import { encodePart } from '../../core/keys.ts';
import {
  dryRunVerdict,
  type NamesLive,
  type Restore,
  type RestoreOutcome,
  type RestoreReport,
} from '../../core/restore.ts';
import { type Dependent, dependentTitle, obstacleText } from '../../core/restore-dependents.ts';
import type { Block, Letter, Tone } from './letter.ts';
import { unfinishedBlocks } from './unfinished.ts';
import { counted, durationOf, isShowable, nameLine, oneLine, timeOf } from './wording.ts';

/** The mail of one restore, which a person requested. */
const LINES_SHOWN = 20;
const STATEMENTS_SHOWN = 10;

const WORDS = {
  beside: 'Restore',
  tables: 'Restore of some tables',
  swap: 'Swap',
  undo: 'Undoing a swap',
  elsewhere: 'Restore elsewhere',
} as const;

const titleOf = (restore: Restore): { title: string; tone: Tone } => {
  const project = nameLine(restore.projectName, 60) || nameLine(restore.projectId, 60);
  const what = `${WORDS[restore.mode]} of ${project}`;
  if (restore.status === 'failed') return { title: `${what} failed`, tone: 'bad' };
  if (restore.status === 'cancelled') return { title: `${what} was cancelled`, tone: 'mixed' };
  if (restore.dryRun) {
    return dryRunVerdict(restore) === 'refused'
      ? { title: `${what} would be refused`, tone: 'mixed' }
      : { title: `${what} is possible`, tone: 'good' };
  }
  const { leftOut = [], warnings = [], foreignKeys = [], unfinished = [] } = restore.outcome ?? {};
  if (unfinished.length)
    return {
      title: `${what} completed, ${counted(unfinished.length, 'object')} unfinished`,
      tone: 'mixed',
    };
  const loose = foreignKeys.some(({ state }) => state !== 'valid');
  const tone =
    leftOut.length || warnings.length || loose || staying(restore).length ? 'mixed' : 'good';
  return { title: `${what} completed`, tone };
};

const factsOf = (restore: Restore): Block => {
  const { outcome, startedAt, completedAt, durationMs } = restore;
  const verdict = dryRunVerdict(restore);
  const places = (list: RestoreOutcome['schemas'] = []) =>
    list.map(({ to }) => nameLine(to, 70)).join(', ');
  const facts: (readonly [string, string] | false | undefined)[] = [
    ['Project', `${nameLine(restore.projectName, 80)} (${nameLine(restore.projectId, 130)})`],
    ['Backup', restore.backupId],
    ['Source', restore.source],
    outcome && ['Schema', places(outcome.schemas)],
    outcome !== undefined &&
      outcome.before.length > 0 && ['What was live before', places(outcome.before)],
    outcome !== undefined &&
      restore.mode !== 'undo' && [
        'Holds',
        `${counted(outcome.tables, 'table')}, ${counted(outcome.rows, 'row')}`,
      ],
    verdict !== undefined && ['Verdict', verdict],
    restore.safetyBackupId !== undefined && ['Safety backup', restore.safetyBackupId],
    ['Requested', timeOf(restore.createdAt)],
    startedAt !== undefined && ['Started', timeOf(startedAt)],
    completedAt !== undefined && ['Ended', timeOf(completedAt)],
    durationMs !== undefined && ['Took', durationOf(durationMs)],
    restore.attempt > 1 && ['Attempts', String(restore.attempt)],
  ];
  return { kind: 'facts', facts: facts.filter((fact) => typeof fact === 'object') };
};

const list = (title: string, lines: readonly string[]): Block[] =>
  lines.length
    ? [
        {
          kind: 'table',
          columns: [{ title }],
          rows: lines.slice(0, LINES_SHOWN).map((line) => [oneLine(line, 500)]),
          more: Math.max(0, lines.length - LINES_SHOWN),
        },
      ]
    : [];

const failureOf = ({ status, error }: Restore): Block[] =>
  status === 'failed'
    ? [
        {
          kind: 'trouble',
          items: [
            {
              title: error?.name ?? 'Failed',
              detail: oneLine(error?.message ?? 'No reason was recorded.', 2000),
            },
          ],
          more: 0,
        },
      ]
    : [];

/** Older reports list functions only. */
const namingOf = (
  namingLive: readonly NamesLive[] | undefined,
  report: RestoreReport | undefined,
): Block[] =>
  list(
    'Names the live schema in strings',
    namingLive?.map(({ what, writes }) =>
      writes ? `${what}: it would write to the live schema` : what,
    ) ??
      report?.functionsNamingLive ??
      [],
  );

const foundBefore = ({ dryRun, report }: Restore): Block[] =>
  dryRun && report
    ? [
        ...list('Problems', report.problems),
        ...list('Notes', report.warnings),
        ...namingOf(report.namingLive, report),
      ]
    : [];

const findingsOf = ({ outcome, report }: Restore): Block[] =>
  outcome
    ? [
        ...unfinishedBlocks(outcome.unfinished ?? []),
        ...list('Notes', outcome.warnings),
        ...list(
          'Left out',
          outcome.leftOut.map(({ what, why }) => `${what}: ${why}`),
        ),
        ...list(
          'Foreign keys that do not hold yet',
          outcome.foreignKeys
            .filter(({ state }) => state !== 'valid')
            .map(({ table, name, state, why }) => `${table.name}: ${name} (${why ?? state})`),
        ),
        ...namingOf(outcome.namingLive ?? report?.namingLive, report),
      ]
    : [];

/** Objects that still use the old schema, and that a drop of that schema would remove. */
const staying = ({ outcome }: Restore): readonly Dependent[] =>
  outcome?.dependentObjects?.filter(({ repoint }) => repoint === 'not-done') ?? [];

const dependentsOf = (restore: Restore): Block[] => {
  const { outcome } = restore;
  const stay = staying(restore);
  const moved = outcome?.dependentObjects?.filter(({ repoint }) => repoint === 'done') ?? [];
  const old = (outcome?.before ?? []).map(({ to }) => oneLine(to, 70)).join(', ');
  const live = (outcome?.schemas ?? []).map(({ to }) => oneLine(to, 70)).join(', ');
  const statements = stay.flatMap(({ sql }) =>
    sql === undefined || !isShowable(sql) ? [] : [`${sql};`],
  );
  return [
    ...list(
      `Stays with ${old}, and would be dropped with it`,
      stay.map((one) => {
        const why = obstacleText(one);
        return why === undefined ? dependentTitle(one) : `${dependentTitle(one)}: ${why}`;
      }),
    ),
    ...(statements.length
      ? [
          {
            kind: 'text',
            text: `These objects do not use ${live} yet, and DROP SCHEMA ... CASCADE of ${old} would drop them. These statements recreate them:`,
          } as const,
          ...statements.slice(0, STATEMENTS_SHOWN).map((text) => ({ kind: 'code', text }) as const),
        ]
      : []),
    ...list(`Repointed to ${live}`, moved.map(dependentTitle)),
  ];
};

const undoOf = ({ mode, status, outcome, projectId, backupId, id }: Restore): Block[] =>
  mode === 'swap' && status === 'completed' && outcome?.before.length
    ? [
        { kind: 'heading', text: 'To undo it' },
        {
          kind: 'code',
          text: `POST /projects/${encodePart(projectId)}/backups/${backupId}/restores/${id}/undo`,
        },
      ]
    : [];

export const restoreLetter = (restore: Restore): Letter => {
  const { title, tone } = titleOf(restore);
  return {
    subject: `[Larder ${restore.environment}] ${title}`,
    tone,
    title,
    blocks: [
      ...failureOf(restore),
      factsOf(restore),
      ...foundBefore(restore),
      ...findingsOf(restore),
      ...dependentsOf(restore),
      ...undoOf(restore),
    ],
    footer: [`Restore ${restore.id} in ${restore.environment}, all times UTC.`],
  };
};
