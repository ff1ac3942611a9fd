import {
  DumpUnreadable,
  PermissionMissing,
  RehearsalImpossible,
  RestoreRefused,
  StatementRefused,
} from '../../../core/errors.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Whose fault it is that the scratch server refused a statement. Only where everything was as at home is it the backup's; where
 * something merely stood in for what was missing, nobody can tell, and the verification could not run.
 */
export interface Circumstances extends Pick<Surroundings, 'pretended' | 'emptied'> {
  /** What the scratch server's locale does otherwise. */
  readonly localeNotes: readonly string[];
  readonly sourceMajor: number;
  readonly serverMajor: number;
  /** Of the source. */
  readonly encoding: string;
}

const GUIDE =
  'Restore the backup into a database of your own to check it: GET .../restore-guide has the commands.';

/** SQLSTATEs that may hang on how text is sorted and what is a letter: data exceptions, checks, exclusion and uniqueness. */
const BY_LOCALE = /^(22|23505|23514|23P01)/;

const codeOf = (error: Error): string => {
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
};

/** A materialized view, by the name that statements are given. */
const isRefresh = (error: StatementRefused): boolean => /materialized view/.test(error.message);

const excuse = (error: StatementRefused, given: Circumstances): string | undefined => {
  const { pretended, emptied, localeNotes, sourceMajor, serverMajor } = given;
  if (serverMajor !== sourceMajor) {
    return `the scratch server is PostgreSQL ${serverMajor}, and the backup is of ${sourceMajor}: build the server layer with major ${sourceMajor} (docs/layers.md)`;
  }
  if (pretended.length) {
    const more = pretended.length > 3 ? ` and ${pretended.length - 3} more` : '';
    return `in place of what is outside the schema there was only something of its name: ${pretended.slice(0, 3).join(', ')}${more}`;
  }
  if (emptied && isRefresh(error)) return 'tables outside the schema were empty';
  return BY_LOCALE.test(codeOf(error)) ? localeNotes[0] : undefined;
};

const saidOf = ({ cause, message }: Error): string =>
  cause instanceof Error ? cause.message : message;

/** @returns the error to throw */
export const blame = (error: unknown, given: Circumstances): unknown => {
  if (error instanceof PermissionMissing) {
    return new RehearsalImpossible(
      `The backup holds what only a superuser may make: ${saidOf(error)}`,
      `A verification runs nothing of a backup as one. ${GUIDE}`,
      { cause: error },
    );
  }
  // A dump is in UTF-8 wherever its database has an encoding at all: what can't be read as such is damaged.
  if (error instanceof RestoreRefused && given.encoding !== 'SQL_ASCII') {
    return new DumpUnreadable('its SQL', error.problems.join(' '), { cause: error });
  }
  if (!(error instanceof StatementRefused)) return error;
  const why = excuse(error, given);
  if (why === undefined) return error;
  return new RehearsalImpossible(
    `${error.message} Whether the backup is at fault can't be told, since ${why.replace(/\.$/, '')}`,
    GUIDE,
    { cause: error },
  );
};
