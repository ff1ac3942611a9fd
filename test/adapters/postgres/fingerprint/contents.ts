import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  ContentsScanner,
  type TableOfContents,
} from '../../../../adapters/postgres/archive/format/contents-scanner.ts';
import { identifier } from '../../../../adapters/postgres/sql/identifiers.ts';
import { contentsTexts } from '../../../../adapters/postgres/templates/same-contents.ts';
import { PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { programsOf } from '../support/dumps.ts';

/** A superuser of the tests' own: that who is called postgres may be renamed. */
export const LOOKER = 'looker';

const readContents = async (output: AsyncIterable<Buffer>): Promise<TableOfContents> => {
  const scanner = new ContentsScanner();
  for await (const chunk of output) {
    const contents = scanner.take(Buffer.from(chunk));
    if (contents) return contents;
  }
  return scanner.end();
};

/** What pg_dump writes before the first row; it is ended then. */
const startOfDump = async (
  postgres: Postgres,
  database: string,
  schema: string,
  flags: readonly string[],
): Promise<TableOfContents> => {
  const { pgDump } = await programsOf(postgres.major);
  const connection = ['-h', '127.0.0.1', '-p', String(postgres.port), '-U', LOOKER, '-d', database];
  const child = spawn(
    pgDump,
    [...connection, '-Fc', '--encoding=UTF8', `--schema=${identifier(schema)}`, ...flags],
    {
      env: { PGPASSWORD: PASSWORD, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const ended = once(child, 'close');
  try {
    return await readContents(child.stdout);
  } finally {
    child.kill();
    await ended;
  }
};

/** One line for the header and one for each entry, in order, without what is no definition. */
export const contentsOf = async (
  postgres: Postgres,
  database: string,
  schema: string,
  flags: readonly string[] = [],
): Promise<string> =>
  contentsTexts(await startOfDump(postgres, database, schema, flags)).join('\n');
