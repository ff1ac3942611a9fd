import type pg from 'pg';
import type { CalledNames } from '../../sql/called-names.ts';
import { HARMFUL_NAMES, OPENS_TABLES } from './catalog-sql.ts';

/**
 * Called functions that are not known to be harmless, as PostgreSQL names them.
 * @param path schemas in which unqualified names may be found: all their functions count that belong to
 * no extension
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

/** Without PostgreSQL's own functions: if only immutable ones may be called, only one of these does more than compute. */
export const withoutBuiltIns = (called: CalledNames): CalledNames => ({
  ...called,
  plain: called.plain.filter((name) => name === OPENS_TABLES),
});
