import { type Manifest, schemasIn } from '../../core/manifest.ts';
import { shellWord } from '../../core/shell-word.ts';
import { CHECK_FILE } from './restore-guide-code.ts';
import { needsPath, PATH_FILE, withPath } from './restore-guide-operators.ts';
import { lines } from './restore-guide-text.ts';

/** Commands that decompress a backup's file in the working folder. */
export const UNPACK = { gzip: 'gzip -dk', zstd: 'zstd -dk', bzip2: 'bzip2 -dk', none: '' } as const;

/** Every database has `public`: creating it again would end the restore. */
export const entriesToSkip = (manifest: Manifest): boolean =>
  schemasIn(manifest).includes('public');

const listWithoutPublic = (file: string): string =>
  `pg_restore --list ${shellWord(file)} | grep -v ' SCHEMA - public ' > ${shellWord(`${file}.list`)}`;

const CHECK = `psql "$DATABASE_URL" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file=${CHECK_FILE}`;

const psqlOf = (...files: readonly string[]): string =>
  `psql "$DATABASE_URL" --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --single-transaction --file=${CHECK_FILE}${files.map((one) => ` --file=${shellWord(one)}`).join('')}`;

/** Converts to SQL that runs with another search_path. */
const restoreWithPath = (manifest: Manifest, sql: string, mark: string): readonly string[] => [
  ...withPath(manifest, sql, mark),
  psqlOf(PATH_FILE, `${sql}.path`),
];

export const restoreArchive = (manifest: Manifest, file: string, mark: string): string => {
  if (needsPath(manifest)) {
    const sql = `${file}.sql`;
    const list = entriesToSkip(manifest) ? ` --use-list=${shellWord(`${file}.list`)}` : '';
    return lines(
      ...(list ? [listWithoutPublic(file)] : []),
      `pg_restore${list} --file=${shellWord(sql)} ${shellWord(file)}`,
      ...restoreWithPath(manifest, sql, mark),
    );
  }
  const restore = `${CHECK} && pg_restore --exit-on-error --single-transaction --dbname="$DATABASE_URL"`;
  return entriesToSkip(manifest)
    ? lines(
        listWithoutPublic(file),
        `${restore} --use-list=${shellWord(`${file}.list`)} ${shellWord(file)}`,
      )
    : `${restore} ${shellWord(file)}`;
};

export const restorePlain = (manifest: Manifest, file: string, mark: string): string => {
  const sql = file.replace(/\.(?:gz|zst|bz2)$/, '');
  const unpack = UNPACK[manifest.options.compression];
  const skips = entriesToSkip(manifest);
  const read = skips ? `${sql}.public` : sql;
  return lines(
    ...(unpack ? [`${unpack} ${shellWord(file)}`] : []),
    ...(skips
      ? [
          `sed '1,/^CREATE SCHEMA public;$/{/^CREATE SCHEMA public;$/d}' ${shellWord(sql)} > ${shellWord(read)}`,
        ]
      : []),
    ...(needsPath(manifest) ? restoreWithPath(manifest, read, mark) : [psqlOf(read)]),
  );
};
