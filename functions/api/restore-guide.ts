import { createHash } from 'node:crypto';
import { countsOf } from '../../core/completion.ts';
import { downloadNameOf, extensionOf } from '../../core/keys.ts';
import { type Manifest, schemasIn } from '../../core/manifest.ts';
import { filePath, shellWord } from '../../core/shell-word.ts';
import { CHECK_FILE, CHECK_SQL, codeSection } from './restore-guide-code.ts';
import { entriesToSkip, restoreArchive, restorePlain, UNPACK } from './restore-guide-commands.ts';
import { countsQuery } from './restore-guide-counts.ts';
import { createExtensions, createRoles } from './restore-guide-needs.ts';
import { operatorsSection } from './restore-guide-operators.ts';
import { definitionsNeeded, restoreRows } from './restore-guide-rows.ts';
import { fenced, heredoc, inline, lines } from './restore-guide-text.ts';

/**
 * How to restore one backup without Larder: the commands for this backup, which a test runs unchanged. Names in
 * it come from a customer's database: none can end the block of code, the quoted word or the here-document around it.
 */
export interface GuideWhere {
  readonly bucket: string;
  readonly tool: 'aws';
}

/** With its folder, because a name that begins with a dash would be an option. */
const fileNameOf = ({ backup, options, project }: Manifest): string =>
  filePath(
    downloadNameOf(
      {
        projectId: project.id,
        createdAt: backup.createdAt,
        backupId: backup.id,
        attempt: backup.attempt,
      },
      extensionOf(options.format, options.compression),
    ),
  );

/** Digits only: the manifest comes from a vault, and no value of it may become a command. */
const majorOf = (version: string): string => /^\d+/.exec(version)?.[0] ?? '(unknown)';

const facts = (manifest: Manifest): string => {
  const { backup, project, source, tool, options, object, tables } = manifest;
  const { tableCount, rowCount } = countsOf(tables);
  return lines(
    '| | |',
    '| --- | --- |',
    `| project | ${inline(project.name)} (${inline(project.id)}) |`,
    `| ${schemasIn(manifest).length > 1 ? 'schemas' : 'schema'} | ${schemasIn(manifest).map(inline).join(', ')} |`,
    `| taken | ${manifest.timings.snapshotAt}, from PostgreSQL ${inline(source.serverVersion)}, database ${inline(source.database)} (${inline(source.encoding)}) |`,
    `| content | ${options.content}: ${tableCount} tables, ${rowCount} rows |`,
    `| file | format ${options.format}, compression ${options.compression}, ${object.bytes} bytes, written by pg_dump ${inline(tool.pgDump)} |`,
    `| backup | ${inline(backup.id)} |`,
  );
};

const before = (manifest: Manifest): string => {
  const major = majorOf(manifest.tool.pgDump);
  const unpacker = manifest.options.format === 'plain' && UNPACK[manifest.options.compression];
  return lines(
    '## What you need',
    '',
    `- \`psql\`${manifest.options.format === 'plain' && manifest.options.content !== 'data' ? '' : ' and `pg_restore`'} of PostgreSQL ${major} or later${unpacker ? `, and \`${unpacker.split(' ')[0]}\`` : ''}; \`aws\` with the right to read the bucket.`,
    `- A database of PostgreSQL ${majorOf(manifest.source.serverVersion)} or later that has no schema ${schemasIn(manifest).map(inline).join(', ')} yet. Rename a live one first; these commands remove and overwrite nothing.`,
    '',
    codeSection(manifest),
    '',
    'All commands are for a POSIX shell. Give the database once: with the login that restores, and with one that may create roles and extensions, which runs no code of the backup.',
    '',
    fenced(
      lines(
        "export DATABASE_URL='postgresql://restorer@host:5432/database'",
        "export ADMIN_URL='postgresql://admin@host:5432/database'",
      ),
      'sh',
    ),
    ...(manifest.options.content === 'data' ? ['', definitionsNeeded(manifest)] : []),
  );
};

const download = (manifest: Manifest, { bucket }: GuideWhere): string => {
  const file = fileNameOf(manifest);
  const { key, sha256 } = manifest.object;
  return lines(
    '## 1. Download, and check that it is whole',
    '',
    fenced(
      lines(
        `aws s3 cp ${shellWord(`s3://${bucket}/${key}`)} ${shellWord(file)}`,
        `echo ${shellWord(`${sha256}  ${file}`)} | sha256sum --check --strict`,
      ),
      'sh larder',
    ),
    'If the check fails, stop: the file is damaged. The bucket keeps earlier versions of a key; another backup may be whole.',
  );
};

const needs = (manifest: Manifest, mark: string): string => {
  const sql = lines(
    "SELECT pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I', pg_catalog.current_database(), :'login')",
    '\\gexec',
    ...(entriesToSkip(manifest)
      ? [
          "SELECT pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA public TO %I', :'login')",
          '\\gexec',
        ]
      : []),
    ...[createRoles(manifest), createExtensions(manifest)].filter(Boolean),
  );
  const elsewhere = manifest.outside.filter(({ kind }) => !['extension', 'role'].includes(kind));
  return lines(
    '## 2. Create what it needs',
    '',
    'Roles that own or are granted something (without passwords, and only those that are missing), extensions, and the rights that the restoring login needs to create the schema and to set the owners of its objects. The login does not become a member of a role that is a superuser here.',
    '',
    fenced(
      `psql "$ADMIN_URL" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=login="$(psql "$DATABASE_URL" --no-psqlrc --tuples-only --no-align --command='SELECT session_user')" ${heredoc(sql, mark)}`,
      'sh larder',
    ),
    elsewhere.length
      ? lines(
          '',
          'Its objects also use these, which live in other schemas and are not in the file. They must exist first:',
          '',
          ...elsewhere.map(
            ({ kind, name, neededBy }) =>
              `- ${inline(kind)} ${inline(name)}${neededBy.length ? `, for ${neededBy.slice(0, 3).map(inline).join(', ')}` : ''}`,
          ),
        )
      : '',
  );
};

const commandsOf = (manifest: Manifest, mark: string): string => {
  const file = fileNameOf(manifest);
  const plain = manifest.options.format === 'plain';
  if (manifest.options.content !== 'data')
    return plain ? restorePlain(manifest, file, mark) : restoreArchive(manifest, file, mark);
  const unpack = plain ? UNPACK[manifest.options.compression] : '';
  const unpacked = unpack ? file.replace(/\.(?:gz|zst|bz2)$/, '') : file;
  return restoreRows(
    manifest,
    { unpacked, unpack: unpack && `${unpack} ${shellWord(file)}` },
    mark,
  );
};

const restore = (manifest: Manifest, mark: string): string => {
  const plain = manifest.options.format === 'plain';
  return lines(
    '## 3. Restore',
    '',
    'It is one transaction: it restores everything or nothing.',
    '',
    fenced(
      lines(`cat > ${CHECK_FILE} ${heredoc(CHECK_SQL, mark)}`, commandsOf(manifest, mark)),
      'sh larder',
    ),
    plain || manifest.options.content === 'data'
      ? 'Another login can’t give objects to owners that are superusers here. If that stops the restore, use a server where they are ordinary roles.'
      : 'Not the same roles, or owners that are superusers here? Add `--no-owner --no-privileges` to `pg_restore`: all objects then belong to the login.',
    ...[operatorsSection(manifest)].filter(Boolean),
    'Only a superuser can create some objects, such as functions in C. If one stops the restore, read the code of the backup first, and restore as a superuser only on a server that holds nothing else.',
    'Programs newer than the server write settings that it does not know (`transaction_timeout` before 17): use those of its own major.',
  );
};

const compare = (manifest: Manifest, mark: string): string => {
  const query = countsQuery(manifest);
  return lines(
    '## 4. Compare',
    '',
    query
      ? lines(
          'It counts the rows of every table and lists those that have more or fewer than the backup: its name, the rows in the backup, the rows found. Its last line is `Compared.`; if it prints nothing before that, all rows are there. If row security is forced on a table, a login without BYPASSRLS counts fewer.',
          '',
          fenced(
            `psql "$DATABASE_URL" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --tuples-only ${heredoc(lines(query, '\\echo Compared.'), mark)}`,
            'sh larder',
          ),
        )
      : 'The backup holds no rows to be compared.',
  );
};

const notes = ({ warnings, leftOut = [] }: Manifest): string =>
  warnings.length || leftOut.length
    ? lines(
        '## Notes',
        '',
        ...warnings.map((warning) => `- ${inline(warning)}`),
        ...leftOut.map(
          ({ kind, name }) =>
            `- Not in the file, to be created by hand: ${inline(kind)} ${inline(name)}`,
        ),
      )
    : '';

/** Markdown. Blocks marked `sh larder` run in their order, unchanged. */
export const restoreGuide = (manifest: Manifest, where: GuideWhere): string => {
  const digest = createHash('sha256').update(manifest.backup.id).digest('hex');
  const mark = `LARDER_${digest.slice(0, 16)}`;
  const data = manifest.options.content === 'data';
  return `${[
    `# Restore ${inline(manifest.project.name)} as it was on ${manifest.timings.snapshotAt}`,
    facts(manifest),
    data
      ? 'It can’t be restored beside a live schema, since its rows name the tables that they go into: restore it into a database of its own.'
      : 'Let Larder restore it if possible: `POST .../restores` restores this backup beside the live schema, and checks and counts it. Use this page if that is not possible.',
    before(manifest),
    download(manifest, where),
    needs(manifest, mark),
    restore(manifest, mark),
    compare(manifest, mark),
    notes(manifest),
  ]
    .filter(Boolean)
    .join('\n\n')}\n`;
};
