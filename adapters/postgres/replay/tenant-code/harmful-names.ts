import type pg from 'pg';
import type { CalledNames } from '../../sql/called-names.ts';
import { HARMFUL_NAMES, OPENS_TABLES } from './catalog-sql.ts';

/**
 * Those that are not known to be harmless, as PostgreSQL names their functions.
 * @param path schemas in which names without one may be found: all that is no extension's in them counts
 */
export const harmfulAmong = async (
  client: pg.Client,
  { plain, functions, operators }: CalledNames,
  path: readonly string[] = [],
): Promise<readonly string[]> => {
  if (!plain.length && !functions.length && !operators.length && !path.length) return [];
  const { rows } = await client.query<{ code: string }>(HARMFUL_NAMES, [
    plain,
    functions.map(({ schema }) => schema),
    functions.map(({ name }) => name),
    operators.map(({ schema }) => schema),
    operators.map(({ name }) => name),
    path,
  ]);
  return rows.map(({ code }) => code);
};

/** Without PostgreSQL's own functions: where only immutable ones may be called, only one of them does more than compute. */
export const withoutBuiltIns = (called: CalledNames): CalledNames => ({
  ...called,
  plain: called.plain.filter((name) => name === OPENS_TABLES),
});
