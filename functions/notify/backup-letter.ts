import type { Backup, Compression, Format } from '../../core/backup.ts';
import { downloadNameOf, encodePart, extensionOf } from '../../core/keys.ts';
import { isFull } from '../../core/last-good.ts';
import { filePath } from '../../core/shell-word.ts';
import type { Block, Letter, Tone } from './letter.ts';
import { counted, durationOf, nameLine, numberOf, oneLine, sizeOf, timeOf } from './wording.ts';

const WARNINGS_SHOWN = 20;

const UNPACK: Readonly<Record<Compression, string>> = {
  none: '',
  gzip: 'gzip -dk',
  zstd: 'zstd -d',
  bzip2: 'bzip2 -dk',
};

/**
 * The commands that load a downloaded file into an empty database of the same or a later major version. A plain dump is
 * decompressed before psql begins: psql would commit the input from a pipe whose other end died.
 */
export const restoreCommand = (
  format: Format,
  compression: Compression,
  fileName: string,
): string => {
  if (format !== 'plain') return `pg_restore --exit-on-error --dbname=DATABASE_URL ${fileName}`;
  const psql = 'psql --set=ON_ERROR_STOP=1 --single-transaction --dbname=DATABASE_URL';
  const unpack = UNPACK[compression];
  const sql = fileName.replace(/\.(?:gz|zst|bz2)$/, '');
  return `${unpack ? `${unpack} ${fileName} && ` : ''}${psql} --file=${sql}`;
};

const titleOf = (backup: Backup): { title: string; tone: Tone } => {
  const project = nameLine(backup.projectName, 60) || nameLine(backup.projectId, 60);
  switch (backup.status) {
    case 'failed':
      return { title: `Backup of ${project} failed`, tone: 'bad' };
    case 'cancelled':
      return { title: `Backup of ${project} was cancelled`, tone: 'mixed' };
    default: {
      const size = backup.size === undefined ? '' : ` (${sizeOf(backup.size)})`;
      const tone = backup.warnings?.length ? 'mixed' : 'good';
      return { title: `Backup of ${project} completed${size}`, tone };
    }
  }
};

/** A backup that never ran may have no compression yet: the server's version decides. */
const compressionOf = ({ compression }: Backup): string => {
  if (compression === undefined) return '';
  return compression === 'none' ? ', not compressed' : `, ${compression} compression`;
};

const factsOf = (backup: Backup): Block => {
  const { size, sourceBytes, tableCount, rowCount, durationMs, startedAt, completedAt } = backup;
  const made = backup.status === 'completed';
  const facts: (readonly [string, string] | false | undefined)[] = [
    ['Project', `${nameLine(backup.projectName, 80)} (${nameLine(backup.projectId, 130)})`],
    ['Name', nameLine(backup.name, 200)],
    backup.description !== '' && ['Description', nameLine(backup.description, 500)],
    ['Source', `${backup.source}, schema ${nameLine(backup.schemaName, 70)}`],
    ['Contents', `${backup.content}, format ${backup.format}${compressionOf(backup)}`],
    ['Requested', timeOf(backup.createdAt)],
    startedAt !== undefined && ['Started', timeOf(startedAt)],
    completedAt !== undefined && ['Ended', timeOf(completedAt)],
    durationMs !== undefined && ['Took', durationOf(durationMs)],
    size !== undefined && [
      'Size',
      sourceBytes === undefined
        ? sizeOf(size)
        : `${sizeOf(size)} stored, of ${sizeOf(sourceBytes)} on the server`,
    ],
    tableCount !== undefined && [
      'Holds',
      `${counted(tableCount, 'table')}, ${counted(rowCount ?? 0, 'row')}`,
    ],
    backup.attempt > 1 && ['Attempts', numberOf(backup.attempt)],
    made && ['Kept until', `${timeOf(backup.expiresAt)}${isFull(backup) ? LONGER : ''}`],
    backup.checksum !== undefined && ['SHA-256', backup.checksum],
  ];
  return { kind: 'facts', facts: facts.filter((fact) => typeof fact === 'object') };
};

/** Only a full backup can restore a project, so retention keeps the last good full backup. */
const LONGER = ', and longer while it is the newest good backup of the project';

const warningsOf = ({ warnings = [] }: Backup): Block[] =>
  warnings.length
    ? [
        { kind: 'heading', text: 'Warnings' },
        {
          kind: 'table',
          columns: [{ title: 'Warning' }],
          rows: warnings.slice(0, WARNINGS_SHOWN).map((warning) => [oneLine(warning, 500)]),
          more: Math.max(0, warnings.length - WARNINGS_SHOWN),
        },
      ]
    : [];

const failureOf = ({ status, error }: Backup): Block[] =>
  status === 'failed'
    ? [
        {
          kind: 'trouble',
          items: [
            {
              title: error?.name ?? 'Failed',
              detail: oneLine(error?.message ?? 'No reason was recorded.', 1000),
            },
          ],
          more: 0,
        },
      ]
    : [];

const howToUse = (backup: Backup): Block[] => {
  if (backup.status !== 'completed') return [];
  const compression = backup.compression ?? 'none';
  const parts = { ...backup, backupId: backup.id };
  const fileName = filePath(downloadNameOf(parts, extensionOf(backup.format, compression)));
  const path = `/projects/${encodePart(backup.projectId)}/backups/${backup.id}/download`;
  return [
    { kind: 'heading', text: 'Download and restore' },
    { kind: 'text', text: 'Request a URL from the API; it is valid for 15 minutes:' },
    { kind: 'code', text: `GET ${path}` },
    ...(backup.content === 'data'
      ? ([
          {
            kind: 'text',
            text: 'This backup holds rows without the definitions of their tables. Its guide has the commands that restore it:',
          },
          { kind: 'code', text: `GET ${path.replace(/download$/, 'restore-guide')}` },
        ] as const)
      : ([
          { kind: 'text', text: 'Load the file into an empty database:' },
          { kind: 'code', text: restoreCommand(backup.format, compression, fileName) },
        ] as const)),
  ];
};

/** The mail of one backup that a person requested. */
export const backupLetter = (backup: Backup): Letter => {
  const { title, tone } = titleOf(backup);
  return {
    subject: `[Larder ${backup.environment}] ${title}`,
    tone,
    title,
    blocks: [...failureOf(backup), factsOf(backup), ...warningsOf(backup), ...howToUse(backup)],
    footer: [`Backup ${backup.id} in ${backup.environment}, all times UTC.`],
  };
};
