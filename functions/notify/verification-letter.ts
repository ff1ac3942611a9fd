import type { UnfinishedObject } from '../../core/restore.ts';
import type { Verification } from '../../core/verification.ts';
import type { Block, Letter, Tone } from './letter.ts';
import { counted, durationOf, nameLine, oneLine, sizeOf, timeOf } from './wording.ts';

/** The mail of one verification: sent if it found a difference, or if a person requested it. */
const LINES_SHOWN = 50;

const titleOf = (verification: Verification): { title: string; tone: Tone } => {
  const { projectName, projectId, status, result } = verification;
  const backup = `backup of ${nameLine(projectName, 60) || nameLine(projectId, 60)}`;
  if (status === 'cancelled')
    return { title: `Verifying a ${backup} was cancelled`, tone: 'mixed' };
  if (result?.verdict === 'verified' && result.unfinished?.length)
    return {
      title: `A ${backup} was restored with ${counted(result.unfinished.length, 'unfinished object')}`,
      tone: 'mixed',
    };
  if (result?.verdict === 'verified')
    return { title: `A ${backup} was restored and compared: it is whole`, tone: 'good' };
  if (result?.verdict === 'failed')
    return { title: `A ${backup} failed its verification`, tone: 'bad' };
  return { title: `A ${backup} could not be verified`, tone: 'bad' };
};

/** Nothing is damaged: rows of the source violate its own definitions. */
const unfinishedOf = (all: readonly UnfinishedObject[]): Block[] =>
  all.length
    ? [
        {
          kind: 'text',
          text: 'Every row was restored. The objects listed here cannot be recreated as they are at the source: correct the rows at the source and back up again, or restore with "onConflict": "report".',
        },
        {
          kind: 'table',
          columns: [{ title: 'Unfinished' }],
          rows: all
            .slice(0, LINES_SHOWN)
            .map(({ object, why }) => [oneLine(`${object}: ${why}`, 500)]),
          more: Math.max(0, all.length - LINES_SHOWN),
        },
      ]
    : [];

const troubleOf = ({ result, error }: Verification): Block[] => {
  if (result?.verdict === 'verified') return unfinishedOf(result.unfinished ?? []);
  if (result?.verdict === 'failed') {
    return [
      {
        kind: 'text',
        text: 'The backup is damaged, or its restored contents differ from the source at the time of the backup. Take a new backup now, and read the differences below.',
      },
      {
        kind: 'table',
        columns: [{ title: 'Differs' }],
        rows: result.differences.slice(0, LINES_SHOWN).map((line) => [oneLine(line, 500)]),
        more: Math.max(0, result.differenceCount - LINES_SHOWN),
      },
    ];
  }
  const detail = oneLine(result?.why ?? error?.message ?? 'No reason was recorded.', 2000);
  return [
    { kind: 'trouble', items: [{ title: error?.name ?? 'Could not run', detail }], more: 0 },
    { kind: 'text', text: 'It is not known whether the backup is good or damaged.' },
  ];
};

const factsOf = (verification: Verification): Block => {
  const { result, completedAt, durationMs } = verification;
  const facts: (readonly [string, string] | false | undefined)[] = [
    [
      'Project',
      `${nameLine(verification.projectName, 80)} (${nameLine(verification.projectId, 130)})`,
    ],
    ['Backup', verification.backupId],
    result?.verdict === 'verified' && [
      'Compared',
      `${counted(result.checked.tables, 'table')}, ${counted(result.checked.rows, 'row')}, ${counted(result.checked.objects, 'other object')}`,
    ],
    result?.serverVersion !== undefined && ['Scratch server', `PostgreSQL ${result.serverVersion}`],
    result?.diskBytes !== undefined && ['Needed', `${sizeOf(result.diskBytes)} of disk`],
    ['Requested', timeOf(verification.createdAt)],
    completedAt !== undefined && ['Ended', timeOf(completedAt)],
    durationMs !== undefined && ['Took', durationOf(durationMs)],
  ];
  return { kind: 'facts', facts: facts.filter((fact) => typeof fact === 'object') };
};

const notCheckedOf = ({ result }: Verification): Block[] =>
  result?.notChecked.length
    ? [
        {
          kind: 'table',
          columns: [{ title: 'Not compared' }],
          rows: result.notChecked.slice(0, LINES_SHOWN).map((line) => [oneLine(line, 500)]),
          more: Math.max(0, result.notChecked.length - LINES_SHOWN),
        },
      ]
    : [];

export const verificationLetter = (verification: Verification): Letter => {
  const { title, tone } = titleOf(verification);
  return {
    subject: `[Larder ${verification.environment}] ${title}`,
    tone,
    title,
    blocks: [...troubleOf(verification), factsOf(verification), ...notCheckedOf(verification)],
    footer: [`Verification ${verification.id} in ${verification.environment}, all times UTC.`],
  };
};
