import type {
  NamesLive,
  RestoredForeignKey,
  RestoreOutcome,
  RestoreReport,
  UnfinishedObject,
} from './restore.ts';
import type { Dependent } from './restore-dependents.ts';

/**
 * A row of DynamoDB holds 400 KB, and a schema may have thousands of objects. Lists are cut after the lines that people read,
 * and say so. The most important lines come first.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
const MOST_LINES = 40;
const LONGEST_LINE = 280;

const short = (text: string): string =>
  text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1)}…` : text;

const andMore = (count: number): string => `and ${count} more`;

const lines = (all: readonly string[]): readonly string[] =>
  all.length > MOST_LINES
    ? [...all.slice(0, MOST_LINES).map(short), andMore(all.length - MOST_LINES)]
    : all.map(short);

const DEPENDENTS_BYTES = 16_000;

/** Those that stay come first. A statement without room is left out, not cut. */
export const boundedDependents = (all: readonly Dependent[]): readonly Dependent[] => {
  const stays = ({ repoint }: Dependent): boolean =>
    repoint === 'not-done' || repoint === 'impossible';
  const sorted = [...all.filter(stays), ...all.filter((one) => !stays(one))];
  let room = DEPENDENTS_BYTES;
  return sorted.slice(0, MOST_LINES).map(({ sql, ...one }) => {
    const named = {
      ...one,
      name: short(one.name),
      ...(one.detail !== undefined && { detail: short(one.detail) }),
    };
    const bytes = Buffer.byteLength(sql ?? '');
    if (sql === undefined || bytes > room) return named;
    room -= bytes;
    return { ...named, sql };
  });
};

/** Objects that would write come first. */
const boundedNaming = (all: readonly NamesLive[]): readonly NamesLive[] => {
  const sorted = [...all.filter(({ writes }) => writes), ...all.filter(({ writes }) => !writes)];
  const rest = sorted.slice(MOST_LINES);
  return [
    ...sorted.slice(0, MOST_LINES).map(({ what, writes }) => ({ what: short(what), writes })),
    ...(rest.length
      ? [{ what: andMore(rest.length), writes: rest.some(({ writes }) => writes) }]
      : []),
  ];
};

export const boundedReport = (report: RestoreReport): RestoreReport => ({
  ...report,
  missingExtensions: report.missingExtensions.slice(0, MOST_LINES),
  missingRoles: lines(report.missingRoles),
  missingOutside: lines(report.missingOutside),
  functionsNamingLive: lines(report.functionsNamingLive),
  ...(report.namingLive && { namingLive: boundedNaming(report.namingLive) }),
  foreignKeysOutside: lines(report.foreignKeysOutside),
  dependents: lines(report.dependents),
  ...(report.dependentObjects && {
    dependentObjects: boundedDependents(report.dependentObjects),
  }),
  problems: lines(report.problems),
  warnings: lines(report.warnings),
});

const STATES: readonly RestoredForeignKey['state'][] = ['left-out', 'not-valid', 'valid'];

/** Half a statement is useless. */
const wholeSql = (sql: string | undefined): { readonly sql?: string } =>
  sql !== undefined && sql.length <= 2 * LONGEST_LINE ? { sql } : {};

const boundedKey = ({ sql, why, ...key }: RestoredForeignKey): RestoredForeignKey => ({
  ...key,
  ...(why !== undefined && { why: short(why) }),
  ...wholeSql(sql),
});

const MOST_UNFINISHED = 20;

/** The first of them; the others usually follow from them. */
export const boundedUnfinished = (all: readonly UnfinishedObject[]): readonly UnfinishedObject[] =>
  all.slice(0, MOST_UNFINISHED).map(({ sql, object, why, ...one }) => ({
    ...one,
    object: short(object),
    why: short(why),
    ...wholeSql(sql),
  }));

export const boundedOutcome = (outcome: RestoreOutcome): RestoreOutcome => {
  const keys = STATES.flatMap((state) => outcome.foreignKeys.filter((key) => key.state === state));
  const unlisted = keys.slice(MOST_LINES);
  const loose = unlisted.filter(({ state }) => state !== 'valid').length;
  const { leftOut, unfinished = [] } = outcome;
  return {
    ...outcome,
    foreignKeys: keys.slice(0, MOST_LINES).map(boundedKey),
    leftOut: [
      ...leftOut
        .slice(0, MOST_LINES)
        .map(({ what, why }) => ({ what: short(what), why: short(why) })),
      ...(leftOut.length > MOST_LINES
        ? [{ what: andMore(leftOut.length - MOST_LINES), why: 'for reasons like these' }]
        : []),
    ],
    unfinished: boundedUnfinished(unfinished),
    ...(outcome.namingLive && { namingLive: boundedNaming(outcome.namingLive) }),
    warnings: lines([
      ...(unfinished.length > MOST_UNFINISHED
        ? [
            `${unfinished.length - MOST_UNFINISHED} more objects are unfinished and not listed here: compare the schema with the backup's definitions (GET .../restore-guide).`,
          ]
        : []),
      ...(unlisted.length
        ? [`${unlisted.length} more foreign keys are not listed here, ${loose} of them not valid.`]
        : []),
      ...outcome.warnings,
    ]),
  };
};
