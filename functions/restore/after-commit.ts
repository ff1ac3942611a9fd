import { TIMES } from '../../core/contract.ts';
import { isRetryable, quoted } from '../../core/errors/base.ts';
import { StepNotDone } from '../../core/errors/restore.ts';
import { Cancelled } from '../../core/errors/work.ts';
import type { WorkContext } from '../../core/leased-work/work-message.ts';
import { boundedDependents } from '../../core/outcome-bounds.ts';
import type {
  Restore,
  RestoredForeignKey,
  RestoreOutcome,
  SchemaPlace,
  UnfinishedObject,
} from '../../core/restore.ts';
import type { Dependent } from '../../core/restore-dependents.ts';
import type { Loaded, OutsideForeignKey } from '../../core/restore-ports.ts';
import { markerSecretOf, type RestoreWithSecret } from './marker-secret.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';
import { beforePlaces } from './report.ts';
import { restoringProject } from './restoring-project.ts';

/**
 * The steps after the commit of the transaction: foreign keys to tables outside, and the exchange of names. The restored
 * schema exists now, and no result may hide that.
 */
type Context = WorkContext<Restore>;

export const leftForLater = (
  keys: readonly OutsideForeignKey[],
  why: string,
): readonly RestoredForeignKey[] =>
  keys.map(({ table, name, sql }) => ({ table, name, sql, state: 'left-out', why }));

const namesOf = (places: readonly SchemaPlace[]): readonly string[] => places.map(({ to }) => to);

/**
 * A failure after the commit must not look as if nothing had been restored. The step is retried as long as possible;
 * then the error says what exists and what was not done.
 */
const afterCommit = async <T>(
  restore: Restore,
  places: readonly SchemaPlace[],
  what: string,
  { stop }: Context,
  step: () => Promise<T>,
): Promise<T> => {
  try {
    return await step();
  } catch (error) {
    if (stop.signal.reason instanceof Cancelled) throw error;
    const mayComeAgain = isRetryable(error) && restore.attempt < TIMES.maxAttempts;
    if (mayComeAgain && !stop.signal.aborted) throw error;
    throw new StepNotDone(what, namesOf(places), stop.signal.reason ?? error);
  }
};

/** The schema already exists: a restore beside that is cancelled now completes without the keys that are still missing. */
export const addForeignKeys = async (
  { server }: RestorePorts,
  { settings }: RestoreOptions,
  restore: Restore,
  { foreignKeys }: Loaded,
  places: readonly SchemaPlace[],
  context: Context,
): Promise<readonly RestoredForeignKey[]> => {
  const { lockTimeoutMs } = settings;
  const { signal } = context.stop;
  try {
    return await afterCommit(restore, places, 'Foreign keys are missing', context, () =>
      server.addForeignKeys(foreignKeys, { lockTimeoutMs, signal }),
    );
  } catch (error) {
    const cancelled = signal.reason instanceof Cancelled && restore.mode !== 'swap';
    if (cancelled) return leftForLater(foreignKeys, 'the restore was cancelled');
    throw error;
  }
};

/** A swap must not lose a key of the live schema. */
export const refuseWithoutKeys = ({ schemas, foreignKeys }: RestoreOutcome): void => {
  const [missing] = foreignKeys.filter(({ state }) => state === 'left-out');
  if (!missing) return;
  const why = new Error(
    `The foreign key ${quoted(missing.name)} of ${quoted(missing.table.name)} could not be added: ${missing.why ?? 'the log has the reason'}.`,
  );
  throw new StepNotDone('The names were not exchanged', namesOf(schemas), why);
};

/** Where the tables are after the exchange of names. */
const movedKey = (key: RestoredForeignKey, schemas: readonly SchemaPlace[]): RestoredForeignKey => {
  const place = schemas.find(({ to }) => to === key.table.schema);
  if (!place) return key;
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const { sql } = key;
  return {
    ...key,
    table: { ...key.table, schema: place.from },
    ...(sql !== undefined && { sql: sql.replace(quote(place.to), () => quote(place.from)) }),
  };
};

/** Foreign keys of outside tables that now reference the restored schema: they check new rows, and existing rows are validated. */
export const keyWarnings = (keys: readonly RestoredForeignKey[]): readonly string[] =>
  keys
    .filter(({ state }) => state !== 'valid')
    .map(
      ({ table, name, state, why, sql }) =>
        `Foreign key ${quoted(name)} of ${quoted(`${table.schema}.${table.name}`)} outside is ${state === 'left-out' ? 'missing' : 'not valid'}: ${why ?? 'the log has the reason'}${sql === undefined ? '' : ` (${sql})`}.`,
    );

/** The same for unfinished objects, whose statements name the schemas in quotes. */
const movedSql = (
  { sql, ...one }: UnfinishedObject,
  schemas: readonly SchemaPlace[],
): UnfinishedObject => {
  if (sql === undefined) return one;
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}".`;
  const moved = schemas.reduce(
    (text, { from, to }) => text.replaceAll(quote(to), quote(from)),
    sql,
  );
  return { ...one, sql: moved };
};

/** Replaces the live schemas with the restored ones, and keeps the live ones under other names. Repeating it changes nothing. */
export const exchange = async (
  ports: RestorePorts,
  { settings }: RestoreOptions,
  restore: RestoreWithSecret,
  outcome: RestoreOutcome,
  renames: readonly SchemaPlace[],
  context: Context,
): Promise<RestoreOutcome> => {
  const { server } = ports;
  const { lockTimeoutMs } = settings;
  const { signal } = context.stop;
  const { schemas } = outcome;
  const { safeguarded, acceptDependents: acceptOthers, repointDependents } = restore;
  const { dependents, keys } = await afterCommit(
    restore,
    schemas,
    'The names were not exchanged',
    context,
    async () =>
      server.rename(markerSecretOf(restore), renames, {
        project: await restoringProject(ports, restore),
        names: schemas.map(({ from }) => from),
        loaded: true,
        ...(safeguarded && { expected: safeguarded }),
        lockTimeoutMs,
        signal,
        ...(repointDependents && { repoint: { acceptOthers } }),
      }),
  );
  const done = exchanged(outcome, renames, dependents);
  // The names are exchanged: the record must say so, even if validating the keys fails.
  const validated = await server
    .addForeignKeys(keys, { lockTimeoutMs, signal })
    .catch(() => leftForLater(keys, 'not validated: the restore ended before'));
  return { ...done, warnings: [...done.warnings, ...keyWarnings(validated)] };
};

/** Result of a swap after the exchange of names. */
export const exchanged = (
  outcome: RestoreOutcome,
  renames: readonly SchemaPlace[],
  dependents: readonly Dependent[] = [],
): RestoreOutcome => {
  const { schemas } = outcome;
  const back = schemas.map(({ from, to }) => ({ from: to, to: from }));
  return {
    ...outcome,
    schemas: back,
    before: renames.filter(({ to }) => !back.some((place) => place.to === to)),
    foreignKeys: outcome.foreignKeys.map((key) => movedKey(key, schemas)),
    ...(dependents.length > 0 && { dependentObjects: boundedDependents(dependents) }),
    ...(outcome.unfinished && {
      unfinished: outcome.unfinished.map((one) => movedSql(one, schemas)),
    }),
  };
};

/** First the live schemas are renamed, then the restored ones get their names. */
export const renamesOf = (
  restore: Restore,
  outcome: RestoreOutcome,
  live: readonly string[],
): readonly SchemaPlace[] => [
  ...beforePlaces(restore, outcome.schemas).filter(({ from }) => live.includes(from)),
  ...outcome.schemas.map(({ from, to }) => ({ from: to, to: from })),
];
