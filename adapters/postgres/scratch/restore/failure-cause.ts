import {
  DumpUnreadable,
  RestoreInterrupted,
  RestoreRefused,
  StatementRefused,
} from '../../../../core/errors/restore.ts';
import { OutOfLocks, PermissionMissing } from '../../../../core/errors/schema.ts';
import { RehearsalImpossible, ScratchFaltered } from '../../../../core/errors/verification.ts';
import { refusedStatement } from '../../../../core/statement-sentence.ts';
import { factsOf, lacksAbility } from '../../session/server-messages.ts';
import { type Circumstances, type Excuse, excuseFor } from './excuse.ts';
import { excuseSentence } from './excuse-sentence.ts';

/**
 * Finds the cause when the scratch server refuses a statement. It is the backup only if everything was the same as on the source. If a
 * stand-in replaced a missing object, the cause is not known, and the verification could not run.
 */
export const GUIDE =
  'Restore the backup into a database of your own to check it: GET .../restore-guide has the commands.';

/** Lack of memory, disk or another resource; the server's end; a lost connection; an internal error of the server. */
const OF_THE_SERVER = /^(53|58|57P0|08|XX|54001)/;

/** Advice on a search_path does not help if the missing name includes its schema, or if a cast is missing. */
const isHelpedByPath = (excuse: Excuse): boolean => {
  if (excuse.kind === 'cast-left-out') return false;
  if (excuse.kind !== 'missing-elsewhere') return true;
  const { kind, name } = excuse.missing;
  return kind !== 'schema' && !name.includes('.');
};

const impossible = (error: StatementRefused, excuse: Excuse): RehearsalImpossible => {
  const { object, why, advice } = error;
  const refused = { object, why, ...(advice && isHelpedByPath(excuse) && { advice }) };
  return new RehearsalImpossible(
    `${refusedStatement(refused)} It is not known whether the backup is at fault, because ${excuseSentence(excuse).replace(/\.$/, '')}`,
    GUIDE,
    { cause: error },
  );
};

const saidOf = ({ cause, message }: Error): string =>
  cause instanceof Error ? cause.message : message;

const ofTheServer = (error: Error): ScratchFaltered | undefined => {
  const { code, message } = factsOf(error.cause);
  if (!OF_THE_SERVER.test(code) || lacksAbility(error.cause)) return undefined;
  return new ScratchFaltered('the restore of the backup', `${message} (${code})`, {
    cause: error.cause,
  });
};

/** @returns the error to throw */
export const blame = (error: unknown, given: Circumstances): unknown => {
  if (error instanceof PermissionMissing) {
    return new RehearsalImpossible(
      `The backup holds objects that only a superuser may create: ${saidOf(error)}`,
      `A verification runs nothing of a backup as one. ${GUIDE}`,
      { cause: error },
    );
  }
  // A dump is in UTF-8 if its database has an encoding at all: bytes that are not valid UTF-8 are damage.
  if (error instanceof RestoreRefused && given.manifest.source.encoding !== 'SQL_ASCII') {
    return new DumpUnreadable('its SQL', error.problems.join(' '), { cause: error });
  }
  // Advice on the source's settings does not help with the scratch server.
  if (error instanceof RestoreInterrupted || error instanceof OutOfLocks)
    return ofTheServer(error) ?? error;
  if (!(error instanceof StatementRefused)) return error;
  const faltered = ofTheServer(error);
  if (faltered) return faltered;
  const excuse = excuseFor(error, given);
  return excuse ? impossible(error, excuse) : error;
};
