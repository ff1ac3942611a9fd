import * as z from 'zod';

/**
 * States that a restored object does not have, or has although its rows may violate it. A restore reports them before it begins, an
 * export when the backup is taken.
 */
export const OBJECT_STATES = [
  'invalid-index',
  'lost-replica-identity',
  'switched-off-constraint',
  'not-valid',
  'not-enforced',
] as const;

export const objectState = z.looseObject({
  state: z.enum(OBJECT_STATES),
  /** As SQL writes it: `acme.orders_by_day`, `orders_customer on acme.orders`. */
  name: z.string(),
});
export type ObjectState = z.infer<typeof objectState>;

const SENTENCES: Readonly<Record<ObjectState['state'], (names: string) => string>> = {
  'invalid-index': (names) =>
    `Invalid indexes are not in the backup and are missing after a restore: ${names}. REINDEX INDEX at the source makes them valid.`,
  'lost-replica-identity': (names) =>
    `Tables whose REPLICA IDENTITY uses a missing or invalid index are restored with the default one: ${names}.`,
  'switched-off-constraint': (names) =>
    `Constraints whose triggers are disabled at the source (ALTER TABLE ... DISABLE TRIGGER ALL) are enforced after a restore: ${names}. Rows that violate them stop a restore, unless it is requested with "onConflict": "report".`,
  'not-valid': (names) =>
    `Constraints that were never validated (NOT VALID) are restored as such, and rows may violate them: ${names}.`,
  'not-enforced': (names) =>
    `Constraints that are NOT ENFORCED are restored as such, and rows may violate them: ${names}.`,
};

/** A sentence for each existing state. */
export const stateWarnings = (
  all: readonly ObjectState[],
  listed: (names: readonly string[]) => string,
): string[] =>
  OBJECT_STATES.flatMap((state) => {
    const names = all.filter((one) => one.state === state).map(({ name }) => name);
    return names.length ? [SENTENCES[state](listed(names))] : [];
  });
