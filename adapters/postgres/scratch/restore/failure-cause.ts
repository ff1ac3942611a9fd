import { quoted } from '../../../../core/errors/base.ts';
import {
  DumpUnreadable,
  RestoreInterrupted,
  RestoreRefused,
  StatementRefused,
} from '../../../../core/errors/restore.ts';
import { OutOfLocks, PermissionMissing } from '../../../../core/errors/schema.ts';
import { RehearsalImpossible, ScratchFaltered } from '../../../../core/errors/verification.ts';
import { type Manifest, schemasIn } from '../../../../core/manifest.ts';
import { majorOfVersion } from '../../../../core/programs.ts';
import type { Prerequisites } from './prerequisites.ts';
import { missingElsewhere } from './unknown-names.ts';

/**
 * Whose fault it is that the scratch server refused a statement. Only where everything was as at home is it the backup's; where
 * something merely stood in for what was missing, nobody can tell, and the verification could not run.
 */
export interface Circumstances extends Pick<Prerequisites, 'pretended' | 'emptied'> {
  readonly manifest: Manifest;
  /** What the scratch server's locale and settings do otherwise. */
  readonly localeNotes: readonly string[];
  readonly serverMajor: number;
}

const GUIDE =
  'Restore the backup into a database of your own to check it: GET .../restore-guide has the commands.';

/** SQLSTATEs that may hang on how text is sorted and what is a letter: data exceptions, checks, exclusion and uniqueness. */
const BY_LOCALE = /^(22|23505|23514|23P01)/;

/** What a tenant's code may come to where what it reads is not there: those, a NULL that must be none, and what it raises itself. */
const BY_CODE = /^(22|23|P0)/;

/** Want of memory, of disk, of whatever the server needs beneath it; its end; a lost connection; its own confusion. */
const OF_THE_SERVER = /^(53|58|57P0|08|XX|54001)/;

interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly where: string;
  readonly schema: string;
  readonly table: string;
}

const complaintOf = ({ cause }: Error): Complaint => {
  const given = (cause ?? {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = given[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    code: text('code'),
    message: text('message'),
    where: text('where'),
    schema: text('schema'),
    table: text('table'),
  };
};

/** What this build of the server, or its machine, can't do at all: a library, a compression, ICU, a locale of the C library. */
const lacksAbility = ({ code, message }: Complaint): boolean =>
  code === '58P01' ||
  (code === '0A000' && /this build|compiled|built with/i.test(message)) ||
  (code === '22023' && message.startsWith('could not create locale'));

/** A function that stored objects need, and whose text names other schemas, where it may have been asked. */
const asked = ({ where, schema, table }: Complaint, { reachingFunctions = [] }: Manifest) =>
  reachingFunctions.find(
    ({ name, tables }) =>
      where.includes(name) ||
      tables.some(
        (one) =>
          (one.schema === schema && one.name === table) ||
          where.includes(`COPY ${one.name}, line`) ||
          where.includes(`COPY "${one.name}", line`),
      ),
  );

/** Cannot coerce, datatype mismatch: what a cast would mend that belongs to no schema, and so is in no dump of one. */
const WITHOUT_CAST = /^(42846|42804|42883)$/;

const castLeftOut = ({ code }: Complaint, { leftOut = [] }: Manifest): string | undefined =>
  WITHOUT_CAST.test(code) ? leftOut.find(({ kind }) => kind === 'cast')?.name : undefined;

/** A materialized view, by the name that statements are given. */
const isRefresh = (error: StatementRefused): boolean => /materialized view/.test(error.message);

/** What of elsewhere the server did not find, such as `the relation shared.rates`. */
export const missedElsewhere = (error: Error, manifest: Manifest): string | undefined =>
  missingElsewhere(complaintOf(error), schemasIn(manifest), manifest);

/** A name that has its schema needs no search_path, which a refusal advises for each that is not found. */
const withoutAdvice = (message: string, why: string): string =>
  /^the (schema |[^,]*\.)/.test(why)
    ? message.replace(/\. Its function .*?, then back up again/s, '')
    : message;

/** Why a refusal says nothing of the backup; undefined where it does. */
export const excuse = (error: StatementRefused, given: Circumstances): string | undefined => {
  const { manifest, pretended, emptied, localeNotes, serverMajor } = given;
  const complaint = complaintOf(error);
  const sourceMajor = majorOfVersion(manifest.source.serverVersion);
  if (serverMajor !== sourceMajor) {
    return `the scratch server is PostgreSQL ${serverMajor}, and the backup is of ${sourceMajor}: build the server layer with major ${sourceMajor} (docs/layers.md)`;
  }
  const missing = missedElsewhere(error, manifest);
  if (missing !== undefined) {
    return `${missing}, which its code or its rows name, is not in the backup, nor is it known to the catalogs that the manifest was read from`;
  }
  const cast = castLeftOut(complaint, manifest);
  if (cast !== undefined) {
    return `the cast ${cast} belongs to its objects and is in no backup of a schema: a restore needs it first`;
  }
  if (lacksAbility(complaint))
    return 'the scratch server, or its machine, is without what it needs';
  if (complaint.code === '42P13' && complaint.message.includes('cannot be internal')) {
    return 'only a superuser may make it, and a verification runs nothing of a backup as one';
  }
  if (complaint.code === '42501') return 'its code needs rights that no backup of a schema holds';
  if (pretended.length) {
    const more = pretended.length > 3 ? ` and ${pretended.length - 3} more` : '';
    return `in place of what is outside the schema there was only something of its name: ${pretended.slice(0, 3).join(', ')}${more}`;
  }
  if (emptied && isRefresh(error)) return 'tables outside the schema were empty';
  const reaching = BY_CODE.test(complaint.code) ? asked(complaint, manifest) : undefined;
  if (reaching) {
    return `the function ${reaching.name} names ${reaching.schemas.map(quoted).join(', ')}, judging by its words, of which there are at most empty tables here`;
  }
  return BY_LOCALE.test(complaint.code) ? localeNotes[0] : undefined;
};

const saidOf = ({ cause, message }: Error): string =>
  cause instanceof Error ? cause.message : message;

/** Whether the server speaks of a want of its own, whatever it was asked to do. */
export const isOfTheServer = (error: Error): boolean => {
  const complaint = complaintOf(error);
  return OF_THE_SERVER.test(complaint.code) && !lacksAbility(complaint);
};

const ofTheServer = (error: Error): ScratchFaltered | undefined => {
  if (!isOfTheServer(error)) return undefined;
  const { code, message } = complaintOf(error);
  return new ScratchFaltered('what it was given', `${message} (${code})`, { cause: error.cause });
};

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
  if (error instanceof RestoreRefused && given.manifest.source.encoding !== 'SQL_ASCII') {
    return new DumpUnreadable('its SQL', error.problems.join(' '), { cause: error });
  }
  // Advice on the source's settings does not help with the scratch server.
  if (error instanceof RestoreInterrupted || error instanceof OutOfLocks)
    return ofTheServer(error) ?? error;
  if (!(error instanceof StatementRefused)) return error;
  const faltered = ofTheServer(error);
  if (faltered) return faltered;
  const why = excuse(error, given);
  if (why === undefined) return error;
  return new RehearsalImpossible(
    `${withoutAdvice(error.message, why)} Whether the backup is at fault can't be told, since ${why.replace(/\.$/, '')}`,
    GUIDE,
    { cause: error },
  );
};
