import { encodePart } from '../../core/keys.ts';
import type { Restore, RestoreOutcome } from '../../core/restore.ts';
import type { Block, Letter, Tone } from './letter.ts';
import { counted, durationOf, nameLine, oneLine, timeOf } from './wording.ts';

/** The mail of one restore, which a person asked for. */
const LINES_SHOWN = 20;

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
    const problems = restore.report?.problems.length ?? 0;
    return problems
      ? { title: `${what} would be refused`, tone: 'mixed' }
      : { title: `${what} is possible`, tone: 'good' };
  }
  const { leftOut = [], warnings = [], foreignKeys = [] } = restore.outcome ?? {};
  const loose = foreignKeys.some(({ state }) => state !== 'valid');
  const tone = leftOut.length || warnings.length || loose ? 'mixed' : 'good';
  return { title: `${what} completed`, tone };
};

const factsOf = (restore: Restore): Block => {
  const { outcome, startedAt, completedAt, durationMs } = restore;
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
              detail: oneLine(error?.message ?? 'It left no reason.', 2000),
            },
          ],
          more: 0,
        },
      ]
    : [];

const foundBefore = ({ dryRun, report }: Restore): Block[] =>
  dryRun && report
    ? [...list('Speaks against it', report.problems), ...list('Worth knowing', report.warnings)]
    : [];

const findingsOf = ({ outcome, report }: Restore): Block[] =>
  outcome
    ? [
        ...list('Worth knowing', outcome.warnings),
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
        ...list('Functions that name the live schema', report?.functionsNamingLive ?? []),
      ]
    : [];

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
      ...undoOf(restore),
    ],
    footer: [`Restore ${restore.id} in ${restore.environment}, all times UTC.`],
  };
};
